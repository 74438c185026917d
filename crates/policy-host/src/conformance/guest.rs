//! Builds small components by hand: a module that behaves, in which each function can be given something to do first.
//!
//! What it answers stands in its memory from the start, laid out as the canonical ABI asks for.

use std::borrow::Cow;

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction, MemorySection, MemoryType, Module, RefType,
    TableSection, TableType, TypeSection, ValType,
};
use wit_component::StringEncoding;
use wit_parser::Resolve;

/// The contract that guests are built for.
const CONTRACT: &str = include_str!("../../../../wit/v1/policy.wit");
const INTERFACE: &str = "nhi:policy/policy@1.0.0";

/// Where the answers begin, and where what is handed in goes.
const IMAGE_START: u32 = 1_024;
/// Where the message of the first finding is: a deed can write to it.
pub(super) const MESSAGE_AT: u32 = IMAGE_START;
const HEAP_PAGES: u64 = 16;
const PAGE_BYTES: u32 = 65_536;

/// A function that a deed can be put in front of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Describe,
    Validate,
    Open,
    Check,
    Finish,
}

impl Place {
    pub(super) const ALL: [Self; 5] = [Self::Describe, Self::Validate, Self::Open, Self::Check, Self::Finish];
}

/// The number of the first function that a deed brings along.
pub(super) const FIRST_OWN: u32 = 8;

/// A finding as bytes in the guest's memory.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) rule: Vec<u8>,
    pub(super) outcome: Vec<u8>,
    /// Whether there is a severity, and which: both may be nonsense.
    pub(super) severity: [u8; 2],
    pub(super) address: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) message: Vec<u8>,
    pub(super) remediation: Vec<u8>,
    /// Says that the message is this long, wherever it may be.
    pub(super) message_length: Option<u32>,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            rule: b"HOST001".to_vec(),
            outcome: b"violation".to_vec(),
            severity: [0, 0],
            address: b"thing.a".to_vec(),
            path: Vec::new(),
            message: b"seen".to_vec(),
            remediation: Vec::new(),
            message_length: None,
        }
    }
}

/// A guest before it is built. By default it behaves.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    /// What its only rule is called.
    pub(super) code: &'static str,
    pub(super) sharding: &'static str,
    pub(super) abi: &'static str,
    pub(super) told: Vec<Told>,
    /// Says that there are so many findings.
    pub(super) told_count: Option<u32>,
    /// The first byte of what `check` answers: 0 for findings, 1 for an error.
    pub(super) answer: u8,
    /// Where the first function of its own is called.
    pub(super) place: Option<Place>,
    /// Functions of its own, from [`FIRST_OWN`] on: locals of type `i32`, and what they do.
    pub(super) own: Vec<(u32, Vec<Instruction<'static>>)>,
    /// Elements of its table, all of which are the first function of its own.
    pub(super) table: u64,
    /// Pages that its memory has at least.
    pub(super) pages: u64,
    /// Pieces of data beside its answers, with nothing in them.
    pub(super) segments: usize,
    /// A change that its rule is said to flag, as a line of JSON.
    pub(super) canary: Option<String>,
    /// Bytes of its answers that are changed: where, counted around the end, and to what.
    pub(super) damage: Vec<(usize, u8)>,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            code: "HOST001",
            sharding: "per-resource",
            abi: "1.0.0",
            told: vec![Told::default()],
            told_count: None,
            answer: 0,
            place: None,
            own: Vec::new(),
            table: 1,
            pages: 0,
            segments: 0,
            canary: None,
            damage: Vec::new(),
        }
    }
}

/// Memory as it is from the start.
struct Image(Vec<u8>);

impl Image {
    /// Puts bytes down and says where they are.
    fn put(&mut self, bytes: &[u8]) -> u32 {
        while !self.0.len().is_multiple_of(8) {
            self.0.push(0);
        }
        let at = IMAGE_START.saturating_add(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(bytes);
        at
    }

    /// A text or a list: where it is, and its length.
    fn text(&mut self, text: &[u8]) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        pair(self.put(text), length)
    }

    fn list(&mut self, items: &[Vec<u8>]) -> Vec<u8> {
        let at = self.put(&items.concat());
        pair(at, u32::try_from(items.len()).unwrap_or(u32::MAX))
    }
}

fn pair(at: u32, length: u32) -> Vec<u8> {
    [at.to_le_bytes(), length.to_le_bytes()].concat()
}

/// Where the answers of the functions are.
struct Answers {
    description: u32,
    fine: u32,
    session: u32,
    findings: u32,
    none: u32,
}

impl Guest {
    /// The component, with its contract named.
    pub(super) fn component(&self) -> Vec<u8> {
        self.try_component().unwrap_or_default()
    }

    /// `None` where the encoder refuses what the guest is.
    fn try_component(&self) -> Option<Vec<u8>> {
        let mut core = self.core();
        let mut resolve = Resolve::default();
        let package = resolve.push_str("policy.wit", CONTRACT).ok()?;
        let world = resolve.select_world(&[package], Some("policy-module")).ok()?;
        wit_component::embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).ok()?;
        crate::componentize(&core).ok()
    }

    /// What stands in its memory from the start.
    pub(super) fn answers(&self) -> Vec<u8> {
        self.image().0.0
    }

    fn image(&self) -> (Image, Answers) {
        let mut image = Image(Vec::new());
        let empty = pair(8, 0);
        let message = self.told.first().map(|told| image.text(&told.message));
        let rule = [
            image.text(self.code.as_bytes()),
            image.text(b"seen"),
            vec![3, 0, 0, 0],
            image.text(b"a block was seen"),
            image.text(b"it is hostile"),
            empty.clone(),
            empty.clone(),
            empty.clone(),
        ]
        .concat();
        let (mode, kind) = (image.text(b"managed"), image.text(b"*"));
        let interest = [
            image.list(&[mode]),
            image.list(&[kind]),
            empty.clone(),
            empty.clone(),
            empty.clone(),
            empty.clone(),
        ]
        .concat();
        let canaries = match &self.canary {
            Some(change) => {
                let canary = [image.text(self.code.as_bytes()), image.text(change.as_bytes())].concat();
                image.list(&[canary])
            }
            None => empty.clone(),
        };
        let description = [
            image.text(b"hostile"),
            image.text(b"1.0.0"),
            image.text(self.abi.as_bytes()),
            image.list(&[rule]),
            image.list(&[interest]),
            image.text(self.sharding.as_bytes()),
            image.text(b"records"),
            empty.clone(),
            canaries,
            empty.clone(),
        ]
        .concat();
        // The first one's message stands where deeds look for it.
        let mut message = message;
        let told: Vec<Vec<u8>> = self
            .told
            .iter()
            .map(|told| finding(&mut image, told, message.take()))
            .collect();
        let mut list = image.list(&told);
        if let Some(count) = self.told_count {
            list.splice(4.., count.to_le_bytes());
        }
        let answers = Answers {
            description: image.put(&description),
            fine: image.put(&[0; 12]),
            session: image.put(&[0; 12]),
            findings: image.put(&[vec![self.answer, 0, 0, 0], list].concat()),
            none: image.put(&[vec![0; 4], empty].concat()),
        };
        (image, answers)
    }

    /// What the contract's functions, and those of the guest's own, take and give.
    fn signatures(&self) -> (TypeSection, ImportSection, FunctionSection) {
        let mut types = TypeSection::new();
        let i32s = |count: usize| vec![ValType::I32; count];
        for (parameters, results) in [(1, 1), (4, 1), (0, 1), (2, 1), (3, 1), (0, 0)] {
            types.ty().function(i32s(parameters), i32s(results));
        }
        let mut imports = ImportSection::new();
        let intrinsics = format!("[export]{INTERFACE}");
        imports.import(&intrinsics, "[resource-new]session", EntityType::Function(0));
        let mut functions = FunctionSection::new();
        for kind in [1, 2, 3, 0, 4, 4, 0] {
            functions.function(kind);
        }
        for _ in &self.own {
            functions.function(5);
        }
        (types, imports, functions)
    }

    fn core(&self) -> Vec<u8> {
        use Instruction::{Call, End, I32Const, I32Store};
        let (mut image, answers) = self.image();
        for (at, byte) in &self.damage {
            let at = at % image.0.len();
            if let Some(slot) = image.0.get_mut(at) {
                *slot = *byte;
            }
        }
        let (types, imports, functions) = self.signatures();
        let call = |place: Place| match self.place {
            Some(deed) if deed == place => vec![Call(FIRST_OWN)],
            _ => Vec::new(),
        };
        let answer = |place: Place, at: u32| {
            let mut body = Function::new([]);
            for instruction in call(place).iter().chain(&[I32Const(at.cast_signed()), End]) {
                body.instruction(instruction);
            }
            body
        };
        let mut open = Function::new([]);
        let at = wasm_encoder::MemArg {
            offset: 4,
            align: 2,
            memory_index: 0,
        };
        let session = answers.session.cast_signed();
        let stored = [
            I32Const(session),
            I32Const(1),
            Call(0),
            I32Store(at),
            I32Const(session),
            End,
        ];
        for instruction in call(Place::Open).iter().chain(&stored) {
            open.instruction(instruction);
        }
        let mut code = CodeSection::new();
        code.function(&realloc());
        code.function(&answer(Place::Describe, answers.description));
        code.function(&answer(Place::Validate, answers.fine));
        code.function(&open);
        code.function(&answer(Place::Check, answers.findings));
        code.function(&answer(Place::Check, answers.findings));
        code.function(&answer(Place::Finish, answers.none));
        for (locals, instructions) in &self.own {
            let mut body = Function::new([(*locals, ValType::I32)]);
            for instruction in instructions {
                body.instruction(instruction);
            }
            body.instruction(&End);
            code.function(&body);
        }
        let names = [
            "describe",
            "validate-settings",
            "[static]session.open",
            "[method]session.check",
        ];
        let names = names
            .into_iter()
            .chain(["[method]session.check-json", "[method]session.finish"]);
        let mut exports = ExportSection::new();
        exports.export("memory", ExportKind::Memory, 0);
        exports.export("cabi_realloc", ExportKind::Func, 1);
        for (name, number) in names.zip(2..) {
            exports.export(&format!("{INTERFACE}#{name}"), ExportKind::Func, number);
        }
        self.assemble(&types, &imports, &functions, &exports, &code, &image)
    }

    fn assemble(
        &self,
        types: &TypeSection,
        imports: &ImportSection,
        functions: &FunctionSection,
        exports: &ExportSection,
        code: &CodeSection,
        image: &Image,
    ) -> Vec<u8> {
        let pages = u64::try_from(image.0.len()).unwrap_or(u64::MAX) / u64::from(PAGE_BYTES) + 1;
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: self.table,
            maximum: None,
            shared: false,
        });
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: (pages + HEAP_PAGES).max(self.pages),
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut globals = GlobalSection::new();
        let heap = u32::try_from(pages)
            .unwrap_or(0)
            .saturating_mul(PAGE_BYTES)
            .saturating_add(IMAGE_START);
        let heap_type = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(heap_type, &ConstExpr::i32_const(heap.cast_signed()));
        let mut elements = ElementSection::new();
        if !self.own.is_empty() {
            let start = ConstExpr::i32_const(0);
            elements.active(None, &start, Elements::Functions(Cow::Borrowed(&[FIRST_OWN])));
        }
        let mut data = DataSection::new();
        data.active(
            0,
            &ConstExpr::i32_const(IMAGE_START.cast_signed()),
            image.0.iter().copied(),
        );
        for _ in 0..self.segments {
            data.active(0, &ConstExpr::i32_const(0), []);
        }
        let mut module = Module::new();
        module
            .section(types)
            .section(imports)
            .section(functions)
            .section(&tables)
            .section(&memories)
            .section(&globals)
            .section(exports)
            .section(&elements)
            .section(code)
            .section(&data);
        module.finish()
    }
}

fn finding(image: &mut Image, told: &Told, message: Option<Vec<u8>>) -> Vec<u8> {
    let empty = pair(8, 0);
    let mut message = message.unwrap_or_else(|| image.text(&told.message));
    if let Some(length) = told.message_length {
        message.splice(4.., length.to_le_bytes());
    }
    [
        image.text(&told.rule),
        image.text(&told.outcome),
        told.severity.to_vec(),
        vec![0; 2],
        image.text(&told.address),
        image.text(&told.path),
        message,
        image.text(&told.remediation),
        empty.clone(),
        // No patch: its flag, and the room that it would take.
        vec![0; 20],
        empty,
    ]
    .concat()
}

/// Takes from the heap and gives nothing back.
fn realloc() -> Function {
    use Instruction::{End, GlobalGet, GlobalSet, I32Add, I32And, I32Const, LocalGet};
    let mut body = Function::new([]);
    for instruction in [
        GlobalGet(0),
        I32Const(7),
        I32Add,
        I32Const(-8),
        I32And,
        GlobalSet(0),
        GlobalGet(0),
        GlobalGet(0),
        LocalGet(3),
        I32Add,
        GlobalSet(0),
        End,
    ] {
        body.instruction(&instruction);
    }
    body
}
