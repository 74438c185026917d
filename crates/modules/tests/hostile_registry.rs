//! Registries that lie: whatever they answer ends in an error within limits, and nobody else learns the way in.

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use nhi_governance::Digest;
    use nhi_modules::{Artifact, Facts, Remote};
    use nhi_policy_file::{Source, Version};

    /// Answers each request by a function of its first line and its headers.
    struct Liar {
        port: u16,
        asked: Receiver<String>,
    }

    fn liar(answer: impl Fn(u16, &str) -> Vec<u8> + Send + 'static) -> Liar {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, asked) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                serve(stream, port, &answer, &sender);
            }
        });
        Liar { port, asked }
    }

    fn serve(mut stream: TcpStream, port: u16, answer: &impl Fn(u16, &str) -> Vec<u8>, asked: &Sender<String>) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            head.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let _ = asked.send(head.clone());
        let _ = stream.write_all(&answer(port, &head));
    }

    fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    }

    fn remote(liar: &Liar) -> Remote {
        Remote::of(&Source::parse(&format!("oci://127.0.0.1:{}/policy/naming", liar.port)).unwrap()).unwrap()
    }

    fn artifact() -> Artifact {
        let facts = Facts {
            name: "naming".to_owned(),
            version: "1.0.0".to_owned(),
            abi: "nhi:policy@1.0.0".to_owned(),
            exports: Vec::new(),
            imports: Vec::new(),
        };
        Artifact::pack(&facts, b"module".to_vec())
    }

    #[test]
    fn lies_about_content_are_found() {
        let good = artifact();
        let digest = good.digest();
        let manifest = good.manifest.clone();
        let wasm = format!("blobs/sha256:{}", Digest::of(&good.wasm));
        let config = format!("blobs/sha256:{}", Digest::of(&good.config));
        let table: [(&str, &str, Vec<u8>); 6] = [
            ("another manifest", "manifests", http("200 OK", "", b"{}")),
            ("another module", &wasm, http("200 OK", "", b"modulf")),
            ("a longer module", &wasm, http("200 OK", "", b"module and more")),
            ("half a module", &wasm, http("200 OK", "", b"mod")),
            (
                "another configuration",
                &config,
                http("200 OK", "", &vec![b'x'; good.config.len()]),
            ),
            ("an end without a word", &wasm, Vec::new()),
        ];
        for (what, place, lie) in table {
            let (place, good, manifest, wasm) = (place.to_owned(), good.clone(), manifest.clone(), wasm.clone());
            let liar = liar(move |_, head| {
                if head.contains(&place) {
                    lie.clone()
                } else if head.contains("manifests") {
                    http("200 OK", "", &manifest)
                } else if head.contains(&wasm) {
                    http("200 OK", "", &good.wasm)
                } else {
                    http("200 OK", "", &good.config)
                }
            });
            let problem = remote(&liar).pull(&digest).unwrap_err();
            assert!(
                ["NHI-MODULE-DIGEST", "NHI-MODULE-REGISTRY"].contains(&problem.code.id),
                "{what}: {problem:?}"
            );
        }
    }

    #[test]
    fn an_answer_without_an_end_is_not_read_to_it() {
        let liar = liar(|_, _| {
            let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9000000000\r\nconnection: close\r\n\r\n".to_vec();
            answer.resize(8 << 20, b' ');
            answer
        });
        let remote = remote(&liar);
        for problem in [
            remote.resolve(&Version::new(1, 0, 0)).unwrap_err(),
            remote.versions().unwrap_err(),
            remote.bundles(&Digest::of(b"x")).unwrap_err(),
        ] {
            assert_eq!(problem.code.id, "NHI-MODULE-REGISTRY");
            assert!(
                problem.message.contains("does not answer as a registry does"),
                "{problem:?}"
            );
        }
    }

    #[test]
    fn answers_that_are_none_are_refused() {
        let answers: [&[u8]; 9] = [
            b"",
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull",
            b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"tags\":[1]}",
            b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"tags\":[\"../../x/y\"]",
            b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 401 No\r\nwww-authenticate: Negotiate\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 401 No\r\nwww-authenticate: Bearer realm=\"http://registry.example/token\"\r\ncontent-length: 0\r\n\r\n",
        ];
        for answer in answers {
            let text = String::from_utf8_lossy(answer).into_owned();
            let bytes = answer.to_vec();
            let liar = liar(move |_, _| bytes.clone());
            let problem = remote(&liar).versions().unwrap_err();
            assert_eq!(problem.code.id, "NHI-MODULE-REGISTRY", "{text}");
        }
    }

    #[test]
    fn a_registry_that_stumbles_is_asked_again_and_not_for_ever() {
        // How many uploads fail before one is taken, and how many are then seen.
        for (fails, is_taken, uploads) in [(0, true, 1), (2, true, 3), (3, false, 3), (99, false, 3)] {
            let left = std::cell::Cell::new(fails);
            let liar = liar(move |_, head| match head.split(' ').next() {
                Some("POST") => http("202 Accepted", "location: /v2/policy/naming/up\r\n", b""),
                Some("PUT") if head.contains("/up") && left.get() > 0 => {
                    left.set(left.get() - 1);
                    http("500 Internal Server Error", "", b"")
                }
                Some("PUT") => http("201 Created", "", b""),
                _ => http("404 Not Found", "", b""),
            });
            let pushed = remote(&liar).push(&artifact(), &Version::new(1, 0, 0));
            let asked: Vec<String> = liar.asked.try_iter().collect();
            let config = format!("digest=sha256:{}", Digest::of(&artifact().config));
            let seen = asked
                .iter()
                .filter(|head| head.starts_with("PUT") && head.contains(&config));
            assert_eq!(seen.count(), uploads, "{fails}: {asked:?}");
            match pushed {
                Ok(_) => assert!(is_taken, "{fails}"),
                Err(problem) => assert!(!is_taken && problem.message.contains("500"), "{fails}: {problem:?}"),
            }
        }
    }

    #[test]
    fn an_upload_goes_to_the_registry_and_nowhere_else() {
        let liar = liar(|_, head| match head.split(' ').next() {
            Some("POST") => http("202 Accepted", "location: http://127.0.0.1:9/upload\r\n", b""),
            _ => http("404 Not Found", "", b""),
        });
        let problem = remote(&liar).push(&artifact(), &Version::new(1, 0, 0)).unwrap_err();
        assert!(
            problem.message.contains("does not answer as a registry does"),
            "{problem:?}"
        );
        let asked: Vec<String> = liar.asked.try_iter().collect();
        assert!(asked.iter().all(|head| !head.starts_with("PUT")), "{asked:?}");
    }

    #[test]
    fn a_token_is_asked_for_where_the_registry_says_and_used() {
        let liar = liar(|port, head| {
            let head = head.to_lowercase();
            if head.starts_with("get /token?service=reg%20x&scope=repository:policy/naming:pull ") {
                http("200 OK", "", b"{\"token\":\"open-sesame\"}")
            } else if head.contains("authorization: bearer open-sesame") {
                http("200 OK", "", b"{\"tags\":[\"1.0.0\",\"latest\",\"0.9.0\"]}")
            } else {
                let challenge =
                    format!("www-authenticate: Bearer realm=\"http://127.0.0.1:{port}/token\",service=\"reg x\"\r\n");
                http("401 Unauthorized", &challenge, b"")
            }
        });
        let versions = remote(&liar).versions().unwrap();
        assert_eq!(versions, [Version::new(0, 9, 0), Version::new(1, 0, 0)]);
        // A token that does not open is no endless dance.
        let closed = super::tests::liar(|port, _| {
            let challenge = format!("www-authenticate: Bearer realm=\"http://127.0.0.1:{port}/token\"\r\n");
            http("401 Unauthorized", &challenge, b"")
        });
        let problem = remote(&closed).versions().unwrap_err();
        assert!(problem.message.ends_with("does not let you in"), "{problem:?}");
        assert!(problem.help.contains("docker login"), "{problem:?}");
        assert!(closed.asked.try_iter().count() <= 3);
    }

    #[test]
    fn errors_repeat_only_codes_of_the_specification() {
        let liar = liar(|_, _| {
            let body = br#"{"errors":[{"code":"DENIED","message":"token=hunter2"},{"code":"x\u001b[2J"}]}"#;
            http("403 Forbidden", "", body)
        });
        let problem = remote(&liar).versions().unwrap_err();
        assert!(problem.message.ends_with("answers with 403, DENIED"), "{problem:?}");
    }
}
