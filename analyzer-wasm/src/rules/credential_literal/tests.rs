//! Cases of credentials in clear, and of what looks like one.

mod hidden;

use nhi_plan::Mode;
use nhi_plan::symbol::symbol;

use crate::rules::cases::{Case, Plan, cases, plan};

/// Assembled here, so that no scanner takes the test for a leak.
fn github() -> String {
    // The checksum of the thirty characters.
    [
        "ghp",
        "_q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYt",
        &checksum("q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYt"),
    ]
    .concat()
}

fn checksum(body: &str) -> String {
    crate::facts::secrets::checksum(body)
}

fn aws() -> (String, &'static str) {
    (
        ["AKIA", "QNZGKIQY56JQ7WML"].concat(),
        "q8Zk2LmX0vRtY7bNcWdEaGjK/PoIuYtReWq+1sDf",
    )
}

fn pem() -> String {
    let body = "MC4CAQAwBQYDK2VwBCIEIHfsrV9Zq8Zk2LmX0vRtY7bNcWdEaGjKlPoIuYtReWqA";
    [
        "-----BEGIN ",
        "PRIVATE KEY-----\\n",
        body,
        "\\n-----END ",
        "PRIVATE KEY-----\\n",
    ]
    .concat()
}

fn base64(text: &str) -> String {
    crate::facts::secrets::encode(text)
}

fn lambda(value: &str) -> Plan {
    plan(&[(
        "aws_lambda_function.f",
        &format!(r#"{{"environment":[{{"variables":{{"V":"{value}"}}}}]}}"#),
    )])
}

fn with_mode(address: &'static str, mode: Mode, resource_type: &'static str, after: &str) -> Plan {
    plan(&[(address, after)]).changed(address, |change| {
        change.mode = mode;
        change.resource_type = resource_type.into();
        change.actions = Vec::new();
    })
}

#[test]
fn tokens_in_attributes() {
    let (id, secret) = aws();
    let jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjaSJ9.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
    cases(&super::RULE)
        .flags(&[
            Case::high("github", lambda(&github())).at("environment[0].variables.V"),
            Case::high("inside a command", lambda(&format!("curl -H 'Authorization: token {}' https://api", github()))),
            Case::high("aws pair", plan(&[("x_y.z", &format!(r#"{{"id":"{id}","tags":{{"k-1":"{secret}"}}}}"#))])).at("tags[\"k-1\"]"),
            Case::high("aws secret by its name", plan(&[("x_y.z", &format!(r#"{{"env":{{"AWS_SECRET_ACCESS_KEY":"{secret}"}}}}"#))])),
            Case::high("aws secret in a pair of name and value", plan(&[("x_y.z", &format!(r#"{{"environment_variable":[{{"name":"AWS_SECRET_ACCESS_KEY","type":"PLAINTEXT","value":"{secret}"}}]}}"#))]))
                .at("environment_variable[0].value"),
            Case::high(
                "aws secret in nested JSON",
                plan(&[("aws_ecs_task_definition.t", &format!(r#"{{"container_definitions":"[{{\"environment\":[{{\"name\":\"AWS_SECRET_ACCESS_KEY\",\"value\":\"{secret}\"}}]}}]"}}"#))]),
            ),
            Case::medium("an id alone", lambda(&id)),
            Case::high("a private key", lambda(&pem())),
            Case::high("a web token without an end", lambda(jwt)),
            Case::high("a storage key", lambda(&format!("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}", base64("q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWqLs1D9fGh3JkMnBvCxZaSdFgHjKlQwE")))),
            Case::high("a password in a URL", lambda("postgres://app:h7Kq2mZx@db.internal:5432/app")),
            Case::high("gitlab", lambda(&["glpat", "-q8Zk2LmX0vRtY7bNcWdE"].concat())),
            Case::high("slack", lambda(&["xoxb", "-712345670981-7123456709812-q8Zk2LmX0vRtY7bNcWdEaGjK"].concat())),
            Case::high("stripe", lambda(&["sk", "_live_q8Zk2LmX0vRtY7bNcWdEaGjK"].concat())),
            Case::high("google", lambda(&["AIza", "SyD8k2LmX0vRtY7bNcWdEaGjKpoIuYtReWq"].concat())),
            Case::high("terraform", lambda(&["q8Zk2LmX0vRtY7.at", "lasv1.q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWqLs1D9fGh3JkMnBvCxZaSdFgHjKlQw"].concat())),
        ]);
}

#[test]
fn what_is_none() {
    cases(&super::RULE).allows(&[
        Case::clean("a checksum that is wrong", lambda(&["ghp", "_q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYt000000"].concat())),
        Case::clean("documentation's key", plan(&[("x_y.z", r#"{"access_key":"AKIAIOSFODNN7EXAMPLE","secret_key":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}"#)])),
        Case::clean("placeholders", lambda("glpat-xxxxxxxxxxxxxxxxxxxx")),
        Case::clean("a template", lambda("postgres://app:${password}@db.internal/app")),
        Case::clean("a reference", lambda("arn:aws:secretsmanager:eu-west-1:111122223333:secret:github-AbCdEf")),
        Case::clean("a public key", lambda("-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\\n-----END PUBLIC KEY-----")),
        Case::clean("a digest", plan(&[("aws_lambda_function.f", r#"{"source_code_hash":"n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=","etag":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"}"#)])),
        Case::clean("an expired web token", lambda("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjaSIsImV4cCI6MTUwMDAwMDAwMH0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c")),
        Case::clean("a temporary id alone", lambda(&["ASIA", "QNZGKIQY56JQ7WML"].concat())),
        Case::clean("forty characters without a name", lambda("q8Zk2LmX0vRtY7bNcWdEaGjK/PoIuYtReWq+1sDf")),
        Case::clean("kms ciphertext", lambda("AQICAHhxGlYZq8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWqLs1D9fGh3JkMnBvCxZaSdFgHjKlQwEAAAAfjB8BgkqhkiG9w0BBwag")),
        Case::clean("the key's own resource", plan(&[("aws_iam_access_key.k", &format!(r#"{{"id":"{}","secret":"{}"}}"#, aws().0, aws().1))])),
        Case::clean("destroyed", lambda(&github()).destroyed("aws_lambda_function.f")),
    ]);
}

#[test]
fn hidden_by_what_surrounds_them() {
    let (id, secret) = aws();
    let gitlab = ["glpat", "-q8Zk2LmX0vRtY7bNcWdE"].concat();
    let line = format!("export T={gitlab}\n");
    let launch = |script: &str| {
        let text = format!(r#"{{"user_data":"{}"}}"#, base64(script));
        plan(&[("aws_launch_template.t", &text)])
    };
    let value = |text: &str| plan(&[("x_y.z", &format!(r#"{{"v":{}}}"#, nhi_plan::json::quote(text)))]);
    let slack = [
        "xapp-1",
        "-A0q8Zk2LmX0vRtY7bNcWdEaGjKpoIuYtReWqLs1D9fGh3JkMnBvCxZaSdFgHjKl",
    ]
    .concat();
    cases(&super::RULE)
        .flags(&[
            Case::high(
                "behind an escaped line break",
                value(&format!(r#"{{"s":"key\n{gitlab}\n"}}"#)),
            ),
            Case::high(
                "a pair behind escaped line breaks",
                value(&format!(r#"{{"s":"\n{id}\n{secret}\n"}}"#)),
            ),
            Case::high(
                "a private key is told once",
                value(&format!(r#"{{"s":"\t{}"}}"#, pem())),
            ),
            Case::high(
                "behind a percent sign",
                value(&format!("https://api.internal/?token%3D{gitlab}")),
            ),
            Case::high("base64 behind a name", value(&format!("DATA={}", base64(&line)))),
            Case::high(
                "base64 behind an escape",
                value(&format!(r#"{{"s":"echo\n{}"}}"#, base64(&line))),
            ),
            Case::high("a launch script without a first line", launch(&format!("T={slack}\n"))),
            Case::high(
                "a password in a launch script",
                launch("DB=postgres://app:h7Kq2mZxP9@db.internal/app\n"),
            ),
            Case::high("powershell", launch(&format!("<powershell>\n$t='{slack}'\n"))),
            Case::high(
                "indented JSON",
                value(&base64(&format!("{{\n  \"k\": \"{slack}\"\n}}"))),
            ),
            Case::high(
                "a secret key in another case",
                value(&format!(r#"{{"secretKey":"{secret}"}}"#)),
            ),
        ])
        .allows(&[
            Case::clean("a longer word", value(&format!("x{gitlab}"))),
            Case::clean(
                "escaped line breaks and nothing else",
                value(r#"{"s":"AKIA\nglpat-\nsecretKey\n"}"#),
            ),
            Case::clean(
                "a hash of a launch script",
                plan(&[(
                    "aws_instance.i",
                    r#"{"user_data":"5d41402abc4b2a76b9719d911017c592aabbccdd"}"#,
                )]),
            ),
            Case::clean(
                "a launch script",
                launch("#!/bin/sh\naws s3 cp s3://bucket/app.tar.gz /opt/app.tar.gz\n"),
            ),
            Case::clean(
                "a reference of that name",
                value(r#"{"secretKey":{"valueFrom":"arn:aws:ssm:eu-west-1:111122223333:parameter/x"}}"#),
            ),
        ]);
}

#[test]
fn hidden_places() {
    let script = format!("#!/bin/sh\nexport GITHUB_TOKEN={}\n", github());
    let twice = base64(&format!(
        "{{\"write_files\":[{{\"content\":\"{}\"}}]}}",
        base64(&script)
    ));
    let escaped = github().replacen('g', "\\u0067", 1);
    cases(&super::RULE).flags(&[
        Case::high(
            "base64",
            plan(&[(
                "aws_instance.i",
                &format!(r#"{{"user_data_base64":"{}"}}"#, base64(&script)),
            )]),
        )
        .at("user_data_base64"),
        Case::high(
            "base64 in base64",
            plan(&[("x_y.z", &format!(r#"{{"custom":"{twice}"}}"#))]),
        ),
        Case::high(
            "base64 of a secret in a manifest",
            plan(&[(
                "kubernetes_secret.s",
                &format!(r#"{{"binary_data":{{"t":"{}"}}}}"#, base64(&github())),
            )]),
        ),
        Case::high("escaped letters", lambda(&escaped)),
        Case::high(
            "escaped letters in nested JSON",
            lambda(&format!(r#"{{\"t\":\"{}\"}}"#, escaped.replace('\\', "\\\\"))),
        ),
        Case::high(
            "behind a hash",
            plan(&[("aws_instance.i", r#"{"user_data":"5d41402abc4b2a76b9719d911017c592"}"#)]).configuration(
                "aws_instance.i",
                &format!(
                    r#"{{"user_data":{{"constant_value":{}}}}}"#,
                    nhi_plan::json::quote(&script)
                ),
            ),
        )
        .at("user_data"),
        Case::high(
            "a provisioner",
            plan(&[("null_resource.n", "{}")]).changed("null_resource.n", |change| {
                let command = nhi_plan::json::quote(&format!("login {}", github()));
                let list =
                    format!(r#"[{{"type":"local-exec","expressions":{{"command":{{"constant_value":{command}}}}}}}]"#);
                change.attributes.push(("provisioners".into(), list.into()));
            }),
        )
        .at("provisioner[0].command"),
        Case::high(
            "told once for tags and all tags",
            plan(&[(
                "x_y.z",
                &format!(r#"{{"tags":{{"t":"{0}"}},"tags_all":{{"t":"{0}"}}}}"#, github()),
            )]),
        )
        .at("tags.t"),
    ]);
}

#[test]
fn inside_of_what_is_encoded_and_known_in_part() {
    let at = "aws_launch_template.t";
    let inside = |text: &str| {
        let text = format!("user_data\nexport Q={}\n{text}", symbol("aws_sqs_queue.q.url"));
        plan(&[(at, "{}")])
            .unknown(at, &["user_data"])
            .changed(at, |change| change.attributes.push(("inside".into(), text.into())))
    };
    cases(&super::RULE)
        .flags(&[
            Case::high("a script", inside("export DB_PASSWORD=xK92kq-LmZ7tA\n")).at("user_data"),
            Case::high("a token", inside(&github())).at("user_data"),
            Case::high(
                "a layout",
                inside(r#"{"write_files":[{"content":"DB_PASSWORD=xK92kq-LmZ7tB\nQ=1","path":"/e"}]}"#),
            )
            .at("user_data"),
        ])
        .allows(&[
            Case::clean("a setting", inside("export DB_HOST=db.internal\n")),
            Case::clean("a symbol", inside(&format!("export DB_PASSWORD={}\n", symbol("var.p")))),
            Case::clean("left out", inside("(sensitive)")),
        ]);
}

#[test]
fn parts_of_a_default_are_told_apart() {
    let at = "var.settings";
    let declared = r#"{"default":{"smtp":{"pass":"Winter-2024!x"},"ldap":{"pwd":"Summer-2023!y"}}}"#;
    let plan = with_mode(at, Mode::Variable, "", "null").configuration(at, declared);
    let told: Vec<String> = plan
        .judge()
        .into_iter()
        .filter(|finding| finding.rule == "NHI011")
        .map(|finding| finding.message)
        .collect();
    assert_eq!(
        told,
        [
            "a password stands in clear in the variable's default at `ldap.pwd`",
            "a password stands in clear in the variable's default at `smtp.pass`"
        ]
    );
}

#[test]
fn short_names_in_a_default() {
    let at = "var.settings";
    let default = |member: &str| {
        let declared = format!(r#"{{"default":{{"smtp":{{{member}}}}}}}"#);
        with_mode(at, Mode::Variable, "", "null").configuration(at, &declared)
    };
    cases(&super::RULE)
        .flags(&[
            Case::high("pass", default(r#""pass":"Winter-2024!x""#)).at("smtp.pass"),
            Case::high("PASS", default(r#""PASS":"Winter-2024!x""#)).at("smtp.PASS"),
            Case::high("Pass", default(r#""Pass":"Winter-2024!x""#)).at("smtp.Pass"),
            Case::high("pwd", default(r#""pwd":"Winter-2024!x""#)).at("smtp.pwd"),
            Case::high("passwd", default(r#""passwd":"Winter-2024!x""#)).at("smtp.passwd"),
            Case::high("nested text", default(r#""json":"{\"pass\":\"Winter-2024!x\"}""#)).at("smtp.json"),
        ])
        .allows(&[
            Case::clean("a switch", default(r#""pass":true"#)),
            Case::clean("a choice", default(r#""pass":"optional""#)),
            Case::clean("a mode", default(r#""pass_through":"Headers-2024!x""#)),
            Case::clean("a count", default(r#""passes":"Winter-2024!x""#)),
            Case::clean("a way round", default(r#""bypass":"Winter-2024!x""#)),
            Case::clean("empty", default(r#""pass":"""#)),
        ]);
}

#[test]
fn two_things_stand() {
    let told = lambda(&format!("Basic {}", base64("admin:Zq8-pr4TvW6"))).judge();
    let message = told
        .iter()
        .map(|finding| &*finding.message)
        .find(|text| text.contains("user"));
    assert_eq!(
        message,
        Some("a user name and a password stand in clear in this attribute")
    );
}

#[test]
fn providers_variables_outputs() {
    let (id, secret) = aws();
    let provider = |after: &str| with_mode("provider.aws", Mode::Provider, "aws", after);
    cases(&super::RULE).flags(&[
        Case::critical(
            "aws",
            provider(&format!(
                r#"{{"access_key":"{id}","secret_key":"{secret}","region":"eu-west-1"}}"#
            )),
        )
        .at("secret_key"),
        Case::critical(
            "a password by schema",
            with_mode(
                "provider.postgresql",
                Mode::Provider,
                "postgresql",
                r#"{"username":"app","password":"tr0ub4dor-and-3"}"#,
            ),
        )
        .at("password"),
        Case::critical(
            "nested",
            with_mode(
                "provider.helm",
                Mode::Provider,
                "helm",
                r#"{"kubernetes":[{"token":"q8Zk2LmX0vRtY7bNcWdE"}]}"#,
            ),
        )
        .at("kubernetes[0].token"),
        Case::critical(
            "a token with a shape",
            with_mode(
                "provider.github",
                Mode::Provider,
                "github",
                &format!(r#"{{"token":"{}"}}"#, github()),
            ),
        ),
        Case::high(
            "a variable",
            with_mode("var.token", Mode::Variable, "", &format!("\"{}\"", github())),
        )
        .at(""),
        Case::high(
            "an output",
            with_mode(
                "output.token",
                Mode::Output,
                "",
                &format!(r#"{{"a":["{}"]}}"#, github()),
            ),
        )
        .at("a[0]"),
        Case::high(
            "a data source",
            plan(&[("data.external.e", &format!(r#"{{"result":{{"t":"{}"}}}}"#, github()))]),
        ),
    ]);
}

#[test]
fn providers_variables_outputs_that_hold_none() {
    let provider = |after: &str| with_mode("provider.aws", Mode::Provider, "aws", after);
    cases(&super::RULE).allows(&[
        Case::clean(
            "a local stand-in",
            provider(r#"{"access_key":"test","secret_key":"test"}"#),
        ),
        Case::clean(
            "documentation's key",
            provider(
                r#"{"access_key":"AKIAIOSFODNN7EXAMPLE","secret_key":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}"#,
            ),
        ),
        Case::clean("nothing constant", provider(r#"{"region":"eu-west-1","profile":"ci"}"#)),
        Case::clean(
            "a path",
            with_mode(
                "provider.google",
                Mode::Provider,
                "google",
                r#"{"credentials":"/run/secrets/google.json","project":"p"}"#,
            ),
        ),
        Case::clean(
            "another attribute",
            with_mode(
                "provider.postgresql",
                Mode::Provider,
                "postgresql",
                r#"{"host":"tr0ub4dor-and-3"}"#,
            ),
        ),
        Case::clean(
            "another provider",
            with_mode(
                "provider.team",
                Mode::Provider,
                "team",
                r#"{"password_policy":"tr0ub4dor-and-3"}"#,
            ),
        ),
        Case::clean(
            "a plain variable",
            with_mode("var.region", Mode::Variable, "", r#""eu-west-1""#),
        ),
        Case::clean("no value", with_mode("var.none", Mode::Variable, "", "null")),
    ]);
}

#[test]
fn a_value_is_never_told() {
    let (id, secret) = aws();
    let plan = plan(&[(
        "x_y.z",
        &format!(
            r#"{{"a":"{}","id":"{id}","secret_key":"{secret}","k":"{}"}}"#,
            github(),
            pem()
        ),
    )]);
    let told = format!("{:?}", plan.judge());
    assert!(told.contains("GitHub token") && told.contains("private key"), "{told}");
    for part in [
        "q8Zk2LmX0vRtY7",
        "QNZGKIQY56JQ7WML",
        "jK/PoIuYtReWq",
        "MC4CAQAwBQYDK2Vw",
    ] {
        assert!(!told.contains(part), "a value was told");
    }
}
