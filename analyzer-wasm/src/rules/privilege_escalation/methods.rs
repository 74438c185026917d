//! Every method of the catalogue on the smallest plan that it needs, and on plans that lack one thing.

use nhi_plan::{Finding, Outcome, json};

use crate::facts::escalation::catalogue::{Category, Gain, Method, Need, On, methods};
use crate::rules::cases::{Plan, doc, plan};

/// A workload of each kind, which runs as the role `t`.
const WORKLOADS: &[(&str, &str, &str)] = &[
    (
        "agent-runtime",
        "aws_bedrockagentcore_agent_runtime.w",
        r#"{"agent_runtime_name":"w","role_arn":"ROLE"}"#,
    ),
    (
        "apprunner",
        "aws_apprunner_service.w",
        r#"{"service_name":"w","instance_configuration":[{"instance_role_arn":"ROLE"}]}"#,
    ),
    (
        "batch-job",
        "aws_batch_job_definition.w",
        r#"{"name":"w","container_properties":"{\"jobRoleArn\":\"ROLE\"}"}"#,
    ),
    (
        "browser",
        "aws_bedrockagentcore_browser.w",
        r#"{"name":"w","execution_role_arn":"ROLE"}"#,
    ),
    (
        "code-interpreter",
        "aws_bedrockagentcore_code_interpreter.w",
        r#"{"name":"w","execution_role_arn":"ROLE"}"#,
    ),
    (
        "codebuild",
        "aws_codebuild_project.w",
        r#"{"name":"w","service_role":"ROLE"}"#,
    ),
    (
        "emr-cluster",
        "aws_emr_cluster.w",
        r#"{"name":"w","ec2_attributes":[{"instance_profile":"t"}]}"#,
    ),
    ("deployed-instance", "aws_instance.w", r#"{"iam_instance_profile":"t"}"#),
    (
        "dev-endpoint",
        "aws_glue_dev_endpoint.w",
        r#"{"name":"w","role_arn":"ROLE"}"#,
    ),
    (
        "function",
        "aws_lambda_function.w",
        r#"{"function_name":"w","role":"ROLE"}"#,
    ),
    ("instance", "aws_instance.w", r#"{"iam_instance_profile":"t"}"#),
    (
        "launch-template",
        "aws_launch_template.w",
        r#"{"iam_instance_profile":[{"name":"t"}]}"#,
    ),
    (
        "notebook",
        "aws_sagemaker_notebook_instance.w",
        r#"{"name":"w","role_arn":"ROLE"}"#,
    ),
    ("pipeline", "aws_codepipeline.w", r#"{"name":"w","role_arn":"ROLE"}"#),
    (
        "pods",
        "aws_eks_pod_identity_association.w",
        r#"{"cluster_name":"w","namespace":"shop","service_account":"w","role_arn":"ROLE"}"#,
    ),
    (
        "sagemaker-domain",
        "aws_sagemaker_user_profile.w",
        r#"{"user_profile_name":"w","user_settings":[{"execution_role":"ROLE"}]}"#,
    ),
    (
        "stack",
        "aws_cloudformation_stack.w",
        r#"{"name":"w","iam_role_arn":"ROLE"}"#,
    ),
    (
        "stack-set",
        "aws_cloudformation_stack_set.w",
        r#"{"name":"w","administration_role_arn":"ROLE"}"#,
    ),
    (
        "state-machine",
        "aws_sfn_state_machine.w",
        r#"{"name":"w","role_arn":"ROLE"}"#,
    ),
    (
        "task",
        "aws_ecs_task_definition.w",
        r#"{"family":"w","task_role_arn":"ROLE"}"#,
    ),
];

const ADMINISTRATOR: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
const TRUST_ACCOUNT: &str =
    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:root"}}"#;

/// One thing that a plan may lack.
#[derive(Debug, Clone, Copy, Default)]
struct Lack {
    /// The permission at this place.
    need: Option<usize>,
    /// Targets are others: every resource is named `other`.
    target: bool,
    /// The role trusts another service.
    trust: bool,
    /// The target holds nothing.
    power: bool,
}

fn arn(end: &str) -> String {
    format!("arn:aws:iam::111122223333:{end}")
}

/// The resource that a permission is given on.
fn resource(need: &Need, lack: Lack) -> String {
    let named = |kind: &str, name: &str| arn(&format!("{kind}/{}", if lack.target { "other" } else { name }));
    match need.on {
        On::SelfRole => named("role", "p"),
        On::SelfUser => named("user", "p"),
        On::OwnGroup => named("group", "g"),
        On::OwnPolicy => named("policy", "m"),
        On::Role | On::Assumed | On::Passed => named("role", "t"),
        On::User => named("user", "t"),
        On::Group => named("group", "t"),
        On::Policy => named("policy", "tm"),
        On::SamlProvider => named("saml-provider", "idp"),
        On::Workload if lack.target => String::from("arn:aws:qx:eu-west-1:111122223333:other"),
        On::DirectoryGroup if lack.target => {
            String::from("arn:aws:identitystore:::group/f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
        }
        On::DirectoryGroup | On::OwnPermissionSet | On::Any | On::Workload => String::from("*"),
        On::NewUser => named("user", "new-*"),
        On::NewRole => named("role", "new-*"),
    }
}

fn statements(method: &Method, lack: Lack) -> String {
    let needs = method
        .needs
        .iter()
        .enumerate()
        .filter(|(place, _)| Some(*place) != lack.need);
    let one = |(_, need): (usize, &Need)| {
        format!(
            r#"{{"Effect":"Allow","Action":"{}","Resource":"{}"}}"#,
            need.action,
            resource(need, lack)
        )
    };
    needs.map(one).collect::<Vec<_>>().join(",")
}

/// The principal with its permissions.
fn holder(method: &Method, lack: Lack) -> Plan {
    let policy = doc(&statements(method, lack));
    let limit = match method.gain {
        Gain::Unbounded => r#","permissions_boundary":"arn:aws:iam::aws:policy/IAMReadOnlyAccess""#,
        _ => "",
    };
    let user = [On::SelfUser, On::OwnGroup, On::Group]
        .iter()
        .any(|on| method.asks(*on));
    let all_but = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    if method.asks(On::OwnPermissionSet) {
        return plan(&[
            (
                "aws_ssoadmin_permission_set.p",
                r#"{"name":"p","arn":"arn:aws:sso:::permissionSet/ssoins-1/ps-1"}"#,
            ),
            (
                "aws_ssoadmin_permission_set_inline_policy.p",
                &format!(
                    r#"{{"permission_set_arn":"arn:aws:sso:::permissionSet/ssoins-1/ps-1","inline_policy":{policy}}}"#
                ),
            ),
        ]);
    }
    let kind = if user { "user" } else { "role" };
    let mut found = plan(&[(&format!("aws_iam_{kind}.p"), &format!(r#"{{"name":"p"{limit}}}"#))]);
    if method.gain == Gain::Unbounded {
        // What the boundary holds back, and what it lets through.
        let boundary = format!(
            "{},{}",
            statements(method, lack),
            all_but.replace("\"*\",\"Res", "\"s3:*\",\"Res")
        );
        found = plan(&[
            (
                "aws_iam_policy.limit",
                &format!(
                    r#"{{"name":"limit","arn":"{}","policy":{}}}"#,
                    arn("policy/limit"),
                    doc(&boundary)
                ),
            ),
            (
                &format!("aws_iam_{kind}.p"),
                &format!(r#"{{"name":"p","permissions_boundary":"{}"}}"#, arn("policy/limit")),
            ),
        ]);
        let wide = doc(&format!("{all_but},{}", deny(method, lack)));
        return found.and((
            &format!("aws_iam_{kind}_policy.p"),
            &format!(r#"{{"name":"p","{kind}":"p","policy":{wide}}}"#),
        ));
    }
    if method.asks(On::OwnPolicy) {
        return found
            .and((
                "aws_iam_policy.m",
                &format!(r#"{{"name":"m","arn":"{}","policy":{policy}}}"#, arn("policy/m")),
            ))
            .and((
                "aws_iam_role_policy_attachment.m",
                &format!(r#"{{"role":"p","policy_arn":"{}"}}"#, arn("policy/m")),
            ));
    }
    if method.asks(On::OwnGroup) {
        found = found
            .and(("aws_iam_group.g", r#"{"name":"g"}"#))
            .and(("aws_iam_user_group_membership.g", r#"{"user":"p","groups":["g"]}"#));
    }
    found.and((
        &format!("aws_iam_{kind}_policy.p"),
        &format!(r#"{{"name":"p","{kind}":"p","policy":{policy}}}"#),
    ))
}

/// What is missing, taken back where everything is allowed.
fn deny(method: &Method, lack: Lack) -> String {
    let denied = lack
        .need
        .and_then(|place| method.needs.get(place))
        .map_or("qx:zj", |need| need.action);
    let other = if lack.target { "iam:*Boundary" } else { "qx:zj" };
    format!(r#"{{"Effect":"Deny","Action":["{denied}","{other}"],"Resource":"*"}}"#)
}

/// The target with its privileges.
fn target(method: &Method, lack: Lack, found: Plan) -> Plan {
    let kind = match method.needs.first().map(|need| need.on) {
        Some(On::User) => "user",
        Some(On::Group) => "group",
        _ => "role",
    };
    let service = match method.services.first() {
        Some(_) if lack.trust => "qx.amazonaws.com",
        Some(service) => service,
        None => "ec2.amazonaws.com",
    };
    let trust = if method.asks(On::Assumed) {
        String::from(TRUST_ACCOUNT)
    } else if method.asks(On::SamlProvider) {
        format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRoleWithSAML","Principal":{{"Federated":"{}"}}}}"#,
            arn("saml-provider/idp")
        )
    } else {
        format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"Service":"{service}"}}}}"#)
    };
    let trust = if kind == "role" {
        format!(r#","assume_role_policy":{}"#, doc(&trust))
    } else {
        String::new()
    };
    // Where the permissions of the target are written, it holds nothing before.
    let holds = match (lack.power, method.gain) {
        (false, Gain::Target) => doc(ADMINISTRATOR),
        _ => doc(r#"{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-west-1:111122223333:q"}"#),
    };
    let bound = if method.gain == Gain::Unbounded {
        format!(r#","permissions_boundary":"{}""#, arn("policy/limit"))
    } else {
        String::new()
    };
    let holds = if bound.is_empty() { holds } else { doc(ADMINISTRATOR) };
    let mut found = found
        .and((
            &format!("aws_iam_{kind}.t"),
            &format!(r#"{{"name":"t"{bound}{trust}}}"#),
        ))
        .and((
            &format!("aws_iam_{kind}_policy.t"),
            &format!(r#"{{"name":"t","{kind}":"t","policy":{holds}}}"#),
        ));
    if method.asks(On::Policy) {
        let document = doc(r#"{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}"#);
        found = found
            .and((
                "aws_iam_policy.tm",
                &format!(r#"{{"name":"tm","arn":"{}","policy":{document}}}"#, arn("policy/tm")),
            ))
            .and((
                "aws_iam_role_policy_attachment.tm",
                &format!(r#"{{"role":"t","policy_arn":"{}"}}"#, arn("policy/tm")),
            ));
    }
    if let Some((_, address, after)) = WORKLOADS.iter().find(|(kind, _, _)| *kind == method.workload) {
        found = found
            .and((address, &after.replace("ROLE", &arn("role/t"))))
            .and(("aws_iam_instance_profile.t", r#"{"name":"t","role":"t"}"#));
    }
    found
}

fn build(method: &Method, lack: Lack) -> Plan {
    let on_others = [
        On::Assumed,
        On::Group,
        On::Passed,
        On::Policy,
        On::Role,
        On::SamlProvider,
        On::User,
        On::Workload,
    ];
    let found = holder(method, lack);
    if method.workload != "-" || on_others.iter().any(|on| method.asks(*on)) {
        target(method, lack, found)
    } else {
        found
    }
}

/// What the rule says about becoming administrator; `t` itself is one and not in question.
fn told(plan: &Plan) -> Vec<Finding> {
    let is_told = |finding: &Finding| {
        let of_holder = |(name, value): &(String, String)| name == "principal" && value.rsplit('.').next() == Some("p");
        let administrator = |(name, value): &(String, String)| name == "capability" && value == "administrator";
        finding.rule == "NHI004"
            && finding.attributes.iter().any(of_holder)
            && finding.attributes.iter().any(administrator)
    };
    plan.judge().into_iter().filter(is_told).collect()
}

/// Whether what is left of a method is another method, or a part that suffices.
fn is_left_with_a_way(method: &Method, without: usize) -> bool {
    let left: Vec<_> = method
        .needs
        .iter()
        .enumerate()
        .filter(|(place, _)| *place != without)
        .map(|(_, need)| need)
        .collect();
    methods().iter().any(|other| {
        other.gain != Gain::Version
            && other
                .needs
                .iter()
                .all(|need| left.iter().any(|have| have.action == need.action))
    })
}

#[test]
fn every_method_is_found() {
    for method in methods().iter().filter(|method| method.gain != Gain::Version) {
        let found = told(&build(method, Lack::default()));
        assert_eq!(found.len(), 1, "{}: {found:#?}", method.id);
        let finding = &found[0];
        assert_eq!(finding.outcome, Outcome::Violation, "{}: {finding:#?}", method.id);
        let ids = finding
            .attributes
            .iter()
            .find(|(name, _)| name == "method")
            .map(|(_, ids)| ids.as_str());
        // A method that needs less stands for one that needs more.
        let named = ids.into_iter().flat_map(|ids| ids.split(',')).any(|id| {
            let other = methods().iter().find(|other| other.id == id);
            id == method.id || other.is_some_and(|other| method.needs.iter().all(|_| true) && is_part(other, method))
        });
        assert!(named, "{}: told as {ids:?}", method.id);
    }
}

fn is_part(less: &Method, more: &Method) -> bool {
    less.needs
        .iter()
        .all(|need| more.needs.iter().any(|have| have.action == need.action))
}

#[test]
fn without_one_permission_nothing_is_found() {
    for method in methods().iter().filter(|method| method.gain != Gain::Version) {
        for place in 0..method.needs.len() {
            if is_left_with_a_way(method, place) {
                continue;
            }
            let found = told(&build(
                method,
                Lack {
                    need: Some(place),
                    ..Lack::default()
                },
            ));
            assert!(
                found.is_empty(),
                "{} without {}: {found:#?}",
                method.id,
                method.needs[place].action
            );
        }
    }
}

#[test]
fn on_another_target_nothing_is_found() {
    for method in methods() {
        let anywhere = method
            .needs
            .iter()
            .all(|need| matches!(need.on, On::Any | On::OwnPermissionSet));
        let makes = method.asks(On::NewRole) || method.asks(On::NewUser);
        if anywhere || makes {
            continue;
        }
        let found = told(&build(
            method,
            Lack {
                target: true,
                ..Lack::default()
            },
        ));
        assert!(found.is_empty(), "{}: {found:#?}", method.id);
    }
}

#[test]
fn where_nothing_is_gained_nothing_is_found() {
    for method in methods().iter().filter(|method| method.gain == Gain::Target) {
        let found = told(&build(
            method,
            Lack {
                power: true,
                ..Lack::default()
            },
        ));
        assert!(found.is_empty(), "{}: {found:#?}", method.id);
    }
}

#[test]
fn a_role_that_the_service_may_not_have_is_not_passed() {
    for method in methods()
        .iter()
        .filter(|method| method.category == Category::NewPassRole)
    {
        let found = told(&build(
            method,
            Lack {
                trust: true,
                ..Lack::default()
            },
        ));
        assert!(found.is_empty(), "{}: {found:#?}", method.id);
    }
}

#[test]
fn every_kind_of_workload_has_one() {
    for method in methods().iter().filter(|method| method.workload != "-") {
        let known = WORKLOADS.iter().find(|(kind, _, _)| *kind == method.workload);
        let (_, _, after) = known.unwrap_or_else(|| panic!("no workload is a {}", method.workload));
        assert!(json::parse(after).is_ok(), "{after}");
    }
}
