//! Lines for people: foreign text made harmless, wrapped to the width, coloured.
//!
//! Every line of human output goes through [`Screen`], so nothing reaches a terminal or a log unescaped.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::sanitise::{COLON, disarm_marker, starts_command, visible};

/// No style.
pub(crate) const PLAIN: Style = Style::new();
/// For what the eye should find first.
pub(crate) const BOLD: Style = Style::new().bold();
/// For what supports.
pub(crate) const DIM: Style = Style::new().dimmed();
/// For what blocks.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
/// For what should worry.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// For what is unknown.
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default().bold();
/// For what is well.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default().bold();

/// Collects the lines of one document.
#[derive(Debug)]
pub(crate) struct Screen {
    text: String,
    width: usize,
}

impl Screen {
    /// `width` is where text wraps, in characters.
    pub(crate) fn new(width: usize) -> Self {
        Self {
            text: String::new(),
            width,
        }
    }

    /// The lines, with ANSI styles; the stream they go to strips these where colour is not wanted.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// One line of styled pieces, not wrapped.
    pub(crate) fn line(&mut self, spans: &[(Style, &str)]) {
        // A command could also be put together from two pieces, one colon each: the line is looked at as a whole.
        let whole: String = spans.iter().map(|(_, text)| *text).collect();
        let mut is_command = starts_command(&whole);
        for (style, text) in spans {
            let shown = disarm_marker(&visible(text)).replacen(':', COLON, usize::from(is_command));
            is_command = is_command && !text.contains(':');
            if *style == PLAIN || shown.trim().is_empty() {
                self.text.push_str(&shown);
            } else {
                let _ = write!(self.text, "{style}{shown}{style:#}");
            }
        }
        self.text.push('\n');
    }

    /// A label and a text that wraps under itself. Line breaks of the text are kept, also its indented lines.
    pub(crate) fn field(&mut self, indent: usize, label: &str, style: Style, text: &str) {
        let margin = indent + label.chars().count() + usize::from(!label.is_empty());
        let width = self.width.saturating_sub(margin).max(24);
        let mut head = format!("{:indent$}{label}{}", "", if label.is_empty() { "" } else { " " });
        let blank_head = " ".repeat(margin);
        for paragraph in text.trim_end().split('\n') {
            let shown = visible(paragraph.strip_suffix('\r').unwrap_or(paragraph));
            for line in wrap(&shown, width) {
                let head_style = if label.is_empty() { PLAIN } else { DIM };
                self.line(&[(head_style, &head), (style, &line)]);
                head.clone_from(&blank_head);
            }
        }
    }
}

/// Breaks at spaces; a longer word stays whole, so that an address can be copied. Indented lines stay as they are.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let is_code = line.starts_with(' ');
    if is_code || line.chars().count() <= width {
        return vec![line.to_owned()];
    }
    let mut lines = Vec::new();
    let mut current = String::new();
    let mut length = 0;
    for word in line.split(' ') {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > width {
            lines.push(std::mem::take(&mut current));
            length = 0;
        }
        if length > 0 {
            current.push(' ');
            length += 1;
        }
        current.push_str(word);
        length += word_length;
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(draw: impl FnOnce(&mut Screen)) -> String {
        let mut screen = Screen::new(40);
        draw(&mut screen);
        screen.into_text()
    }

    #[test]
    fn text_wraps_under_its_label() {
        let text = shown(|screen| {
            screen.field(
                2,
                "fix",
                PLAIN,
                "name the actions that the workload needs and nothing else",
            );
        });
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(
            plain,
            "  fix name the actions that the workload\n      needs and nothing else\n"
        );
    }

    #[test]
    fn long_words_and_code_stay_whole() {
        let text = shown(|screen| {
            screen.field(0, "", PLAIN, "x aws_iam_role.a_very_long_name_that_does_not_fit_the_width\n  code stays exactly as long as it is, however long\nend");
        });
        assert_eq!(
            text,
            "x\naws_iam_role.a_very_long_name_that_does_not_fit_the_width\n  code stays exactly as long as it is, however long\nend\n"
        );
    }

    #[test]
    fn no_line_is_a_command() {
        let hostile = [
            "::error::owned",
            "  ::error::owned",
            "first\n::error::owned",
            "a text just long enough to wrap before ::error::owned",
            "##[error]owned",
            "\u{1b}[2J\r::error::owned",
        ];
        for text in hostile {
            let out = shown(|screen| {
                screen.field(2, "", PLAIN, text);
                screen.line(&[(PLAIN, text)]);
                screen.line(&[(PLAIN, " "), (PLAIN, ":"), (PLAIN, ":error::")]);
                screen.line(&[(BOLD, ":"), (PLAIN, ":error::")]);
            });
            let plain = anstream::adapter::strip_str(&out).to_string();
            for line in plain.lines() {
                assert!(!line.trim_start().starts_with("::"), "{line}");
                assert!(!line.contains("##["), "{line}");
                assert!(!line.contains(['\r', '\u{1b}']), "{line}");
            }
        }
    }
}
