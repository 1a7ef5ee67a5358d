// Made by scripts/generate.mjs from the server's OpenAPI document. Not to be edited.

export interface paths {
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The page for people; for programs, what is where. */
        get: operations["index"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This interface, described for people. */
        get: operations["docs_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs/json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same under another contract's name. */
        get: operations["docs_json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says whether the server works. */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The figures of the server as JSON, always.
         * @description Needs the scope `view`.
         */
        get: operations["read_metrics_json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mcp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Speaks the Model Context Protocol, as streamable HTTP without sessions of its own.
         * @description Its tools make sessions, send prompts and wait for them, read and write files, and take pictures of desktops. A key that
         *     may only look is offered those that only look; none answers questions, makes keys or reaches the host.
         *
         *     Needs the scope `view`.
         */
        post: operations["mcp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The figures of the server, for Prometheus; as JSON when that is preferred.
         * @description Needs the scope `view`.
         */
        get: operations["read_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This interface, described as OpenAPI 3.1. */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says whether the server can take work, and what is less than it could be. */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/swagger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same under another contract's name. */
        get: operations["swagger_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/swagger/json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same under another contract's name. */
        get: operations["swagger_json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the definitions of agents, those that come with Holt first.
         * @description Needs the scope `view`.
         */
        get: operations["list_agents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/agents/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Defines an agent, for all sessions that are made from now on.
         * @description Sessions that are there keep the definition that they were made with.
         *
         *     Needs the scope `admin`.
         */
        put: operations["keep_agent"];
        post?: never;
        /**
         * Forgets a definition that somebody kept. One of that name that comes with Holt is there again.
         * @description Needs the scope `admin`.
         */
        delete: operations["forget_agent"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/feed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follows sessions over a WebSocket.
         * @description The client sends `ClientFrame`s, the server sends `ServerFrame`s: `{"follow":id,"after":seq}` is answered by every event
         *     after that number, or by a snapshot first when none is given; with `"deltas":false` text comes only with its finished
         *     message. `{"watch":"sessions"}` is answered by `watching`, and from then on by a `summary` of each session of the caller's
         *     list whenever it would show something else, and by `removed`: read the list after `watching`, and again whenever that
         *     comes. `{"answer":call,"session":id,"with":{"allow":true,"hash":…}}`, `{"reply":call,"session":id,"text":…}` and
         *     `{"answer_host":n,"session":id,"allow":true}` answer questions, with the scope `approve`, and are answered by `answered` or an
         *     `error`. A browser, which cannot send a key here, adds a ticket for this address.
         *
         *     Needs the scope `view`.
         */
        get: operations["open_feed"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/hosts/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the hosts that a secret is kept for. The secrets themselves are nowhere to be read.
         * @description Needs the scope `admin`.
         */
        get: operations["list_host_secrets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/hosts/secrets/{host}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Keeps a secret for a host, in place of an earlier one.
         * @description It is a header, `Name: value`, or a token alone, which is sent as `Authorization: Bearer`. It is added to every HTTPS
         *     request of a session whose policy lets it reach the host; the sandbox never has it.
         *
         *     Needs the scope `admin`.
         */
        put: operations["keep_host_secret"];
        post?: never;
        /**
         * Forgets the secret of a host.
         * @description Needs the scope `admin`.
         */
        delete: operations["forget_host_secret"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the keys. What a key itself is, is known to nobody but its holder.
         * @description Needs the scope `admin`.
         */
        get: operations["list_keys"];
        put?: never;
        /**
         * Makes a key. It is shown this once.
         * @description Needs the scope `admin`.
         */
        post: operations["create_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revokes a key: it opens nothing any more, and what it has open ends. Everybody may revoke the key that they use.
         * @description Needs the scope `view`.
         */
        delete: operations["revoke_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/mcp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the servers whose tools agents may be offered.
         * @description Those of the file `mcp.json` in the data directory. A server is offered once it is on and somebody has agreed to what it says
         *     of itself.
         *
         *     Needs the scope `admin`.
         */
        get: operations["list_tool_servers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/mcp/{server}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Names a server, in place of one of that name.
         * @description Needs the scope `admin`.
         */
        put: operations["put_tool_server"];
        post?: never;
        /**
         * Forgets a server, what was agreed to, and its secrets.
         * @description Needs the scope `admin`.
         */
        delete: operations["remove_tool_server"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/mcp/{server}/agree": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Agrees to what the last test has shown, and offers it to sessions.
         * @description A tool that its server later describes in other words is not called before somebody has agreed again.
         *
         *     Needs the scope `admin`.
         */
        post: operations["agree_tool_server"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/mcp/{server}/fetch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gets the package that a server's program is in, so that sessions without network can start it.
         * @description Needs the scope `admin`.
         */
        post: operations["fetch_tool_server"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/mcp/{server}/secrets/{secret}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Keeps a secret that a server needs. It is never shown again.
         * @description Needs the scope `admin`.
         */
        put: operations["keep_tool_server_secret"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/mcp/{server}/switch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Offers a server to sessions, or not any more.
         * @description Needs the scope `admin`.
         */
        post: operations["switch_tool_server"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/mcp/{server}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Starts a server in a sandbox of its own, and shows what it says that it can do.
         * @description Needs the scope `admin`.
         */
        post: operations["test_tool_server"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says who the caller is, and what they may do.
         * @description Needs the scope `view`.
         */
        get: operations["who_am_i"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/memory": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists your facts, oldest first.
         * @description What does not wait is told to the agents that it is about at the beginning of each run.
         *
         *     Needs the scope `view`.
         */
        get: operations["list_facts"];
        put?: never;
        /**
         * Writes a fact down, for one session's workspace or for everywhere.
         * @description One that stands there already is answered as it is. What is to hold everywhere waits until somebody with the scope `approve`
         *     has agreed.
         *
         *     Needs the scope `operate`.
         */
        post: operations["remember_fact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/memory/{fact}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Forgets a fact.
         * @description Needs the scope `operate`.
         */
        delete: operations["forget_fact"];
        options?: never;
        head?: never;
        /**
         * Says a fact in other words, or agrees to one that waits.
         * @description Needs the scope `operate`.
         */
        patch: operations["change_fact"];
        trace?: never;
    };
    "/v2/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the providers of models, with the models that each offers.
         * @description Needs the scope `view`.
         */
        get: operations["list_providers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Adds a provider of models, changes it, or gives it another key. It counts from the next request of every session on.
         * @description Needs the scope `admin`.
         */
        put: operations["put_provider"];
        post?: never;
        /**
         * Removes a provider and its key.
         * @description Needs the scope `admin`.
         */
        delete: operations["remove_provider"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{name}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks a provider whether it answers and takes the key. That costs nothing: it is asked for its models alone.
         * @description Needs the scope `admin`.
         */
        post: operations["test_provider"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/profiles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists your browser profiles.
         * @description A session is given one when it is made, by `browser_profile`; with a name that is not there yet, it begins empty. What its browser
         *     knows when the session's sandbox closes is sealed under that name, and no other session can have it meanwhile.
         *
         *     Needs the scope `view`.
         */
        get: operations["list_profiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/profiles/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Removes a browser profile: what it knows is gone. One that a session has now stays.
         * @description Needs the scope `operate`.
         */
        delete: operations["remove_profile"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Searches what people and agents have said in all sessions that the caller sees, newest first.
         * @description Prompts, the agents' words, titles and the names of what was handed out are searched; what came in the last moment may be
         *     missing.
         *
         *     Needs the scope `view`.
         */
        get: operations["search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists sessions, the one with the newest activity first.
         * @description Needs the scope `view`.
         */
        get: operations["list_sessions"];
        put?: never;
        /**
         * Makes a session.
         * @description Everything may be left out. With a `prompt`, work begins at once. With an `id` of the client's choice, asking twice
         *     makes it once.
         *
         *     Needs the scope `operate`.
         */
        post: operations["create_session"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows a session as it is now.
         * @description The history is not part of it; read it at `events`.
         *
         *     Needs the scope `view`.
         */
        get: operations["get_session"];
        put?: never;
        post?: never;
        /**
         * Ends a session and removes everything of it: its conversation, its files, what it handed out.
         * @description Needs the scope `operate`.
         */
        delete: operations["remove_session"];
        options?: never;
        head?: never;
        /**
         * Gives a session another title.
         * @description Needs the scope `operate`.
         */
        patch: operations["rename_session"];
        trace?: never;
    };
    "/v2/sessions/{id}/approvals/{call}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Answers a question of the agent about a call.
         * @description The question stands in the session's snapshot, at the call: its `hash` names exactly what would run and has to be sent with the
         *     answer. Of two people who answer, one is told that the other has.
         *
         *     Needs the scope `approve`.
         */
        post: operations["answer_question"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Downloads the workspace, or a directory of it, as a zip archive.
         * @description Needs the scope `view`.
         */
        get: operations["download_archive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists what the session has handed out.
         * @description Needs the scope `view`.
         */
        get: operations["list_artifacts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/artifacts/{artifact}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Downloads something that the session has handed out, as it was then.
         * @description Needs the scope `view`.
         */
        get: operations["download_artifact"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/budgets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the budgets that hold for a session, and what is spent of each.
         * @description The first that is reached stops its run: the run's own, the session's, and those that it shares with the other sessions of its key
         *     and with everything on this server. A day begins at midnight UTC.
         *
         *     Needs the scope `view`.
         */
        get: operations["list_budgets"];
        /**
         * Changes what a session may use from now on.
         * @description What its key gives it holds all the same. A run that has used more already stops.
         *
         *     Needs the scope `approve`.
         */
        put: operations["set_budgets"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stops the run that is under way. The session stays.
         * @description Needs the scope `operate`.
         */
        post: operations["cancel_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/compaction": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows the summary that stands for the older part of a conversation, and what is kept beside it.
         * @description The conversation itself is whole, at `events`.
         *
         *     Needs the scope `view`.
         */
        get: operations["get_compaction"];
        put?: never;
        /**
         * Has the older part of the conversation summed up: at the next step of the run, or at once.
         * @description An event `context_compacted` says when it is done. What people said is kept in their own words.
         *
         *     Needs the scope `operate`.
         */
        post: operations["compact"];
        /**
         * Undoes the newest compaction that stands: the model sees the conversation itself again, as far as it holds it.
         * @description Needs the scope `operate`.
         */
        delete: operations["undo_compaction"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/control": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes the desktop, or gives it back.
         * @description While a person drives, the agent waits and its programs stand still, unless `programs` lets them run. Control belongs to
         *     one `client`, an id that each tab or program makes up for itself; it stays through a reconnect, and ends when nothing
         *     has been done from there for five minutes.
         *
         *     Needs the scope `operate`.
         */
        post: operations["move_control"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/desktop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watches a session's desktop over a WebSocket that carries RFB, as noVNC speaks it.
         * @description The desktop is started when it does not run. A browser, which cannot send a key here, adds a ticket for this address.
         *
         *     Needs the scope `view`.
         */
        get: operations["watch_desktop"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/directories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a directory, and those above it.
         * @description Needs the scope `operate`.
         */
        post: operations["create_directory"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reads a session's events, or follows them.
         * @description As JSON: a page, oldest first. As `text/event-stream`: a snapshot, or with `after` or `Last-Event-ID` the place after
         *     that event, and then everything as it happens. The names of the events are `snapshot`, `event`, `delta`, `removed` and
         *     `error`; their data is what the socket's frames carry under that name.
         *
         *     Needs the scope `view`.
         */
        get: operations["read_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists a directory of the workspace.
         * @description Needs the scope `view`.
         */
        get: operations["list_files"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/files/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reads a file of the workspace.
         * @description Parts can be had with `Range`. It comes as something to save, unless `inline` is asked for and its kind is harmless.
         *
         *     Needs the scope `view`.
         */
        get: operations["read_file"];
        /**
         * Puts a file into the workspace, replacing one of that name; directories above it are made.
         * @description Needs the scope `operate`.
         */
        put: operations["write_file"];
        post?: never;
        /**
         * Removes a file, a link or a whole directory.
         * @description Needs the scope `operate`.
         */
        delete: operations["remove_file"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/fork": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a session out of this one: its conversation up to an event, with the files as they were there.
         * @description The files are those of the newest snapshot up to that event; the fork's event `session_forked` says which. What was installed, what
         *     the browser knows, what was handed out and what people allowed for this session stays here. This session goes on as it was. To have
         *     a run done again from one of its steps, name the step and let the fork `go_on`.
         *
         *     Needs the scope `operate`.
         */
        post: operations["fork_session"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/grants/{grant}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Takes back what somebody allowed until the session ends.
         * @description The snapshot lists it among its `grants`. What runs because of it runs on; the next call of the kind is asked about again.
         *
         *     Needs the scope `operate`.
         */
        delete: operations["revoke_grant"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/hosts/{question}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Answers a question about a host that something in the sandbox waits to reach.
         * @description Needs the scope `approve`.
         */
        post: operations["answer_host"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/mode": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Changes how freely a session's agent works.
         * @description To let it do more takes the scope `approve`. Into and out of `plan` the sandbox is opened anew, and what runs in it ends.
         *
         *     Needs the scope `operate`.
         */
        put: operations["set_mode"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/network": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Changes where a session may go.
         * @description It holds from now on, also for connections that are open. Questions that it has an answer to are answered by it.
         *
         *     Needs the scope `approve`.
         */
        put: operations["set_network"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/previews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the open previews of a session, and the ports on which something serves in its sandbox.
         * @description Needs the scope `view`.
         */
        get: operations["list_previews"];
        put?: never;
        /**
         * Opens what serves on a port of the session's sandbox, on an origin of its own.
         * @description `url` lets one browser in, once and within a minute; that browser is known there from then on. Asked again for the same
         *     port, the origin is the same. Nothing has to serve there yet. Where no such origin can be had the code is
         *     `preview_origin_missing`: Holt has to be opened as localhost, or `preview_domain` to be set.
         *
         *     Needs the scope `operate`.
         */
        post: operations["open_preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/previews/{preview}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Closes a preview. What is under way through it ends, and every browser that was let in is not any more.
         * @description Needs the scope `operate`.
         */
        delete: operations["close_preview"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/prompts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a prompt.
         * @description As JSON, or as a form with files: a field `prompt` with the JSON or a field `text`, and any number of fields `file`,
         *     which are put into `uploads/` of the workspace and attached.
         *
         *     Needs the scope `operate`.
         */
        post: operations["send_prompt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/prompts/{prompt}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Takes back a prompt that waits.
         * @description Needs the scope `operate`.
         */
        delete: operations["withdraw_prompt"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/questions/{call}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Answers in words what the agent asked in words.
         * @description The question stands in the session's snapshot, at the call that `asks`. To leave it unanswered, deny the call.
         *
         *     Needs the scope `approve`.
         */
        post: operations["reply_in_words"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/recording": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists what was recorded of a session's desktop.
         * @description Needs the scope `view`.
         */
        get: operations["list_recording"];
        put?: never;
        /**
         * Begins to record a session's desktop, or stops. What was recorded stays with the session.
         * @description Only what changes is kept, and only while the desktop runs; recording starts no desktop and keeps none awake. While a person
         *     drives nothing is kept, unless `while_driven` says so, which only whoever drives can, until they
         *     give the desktop back.
         *
         *     Needs the scope `operate`.
         */
        post: operations["record"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/recording/{segment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Downloads a part of a recording.
         * @description It is `HOLTREC1`, the time of its start (64 bit, in Unix milliseconds), and then pieces: length (32 bit), CRC-32C of what follows,
         *     milliseconds after the start (32 bit), bytes; all big-endian. The first piece is the `ServerInit` of RFB, the second an update with
         *     the whole picture, the others updates as they came, for a viewer whose pixels have 32 bits with red in the lowest byte.
         *
         *     Needs the scope `view`.
         */
        get: operations["download_segment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes the workspace what it was in a snapshot, or one file of it.
         * @description What stands there now is kept before, so that this can be undone as well. To undo the last run, restore the session's `before_run`.
         *     Nothing is restored while a run is under way.
         *
         *     Needs the scope `operate`.
         */
        post: operations["restore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tries a failed session again.
         * @description Needs the scope `operate`.
         */
        post: operations["retry_session"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/screenshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A picture of a session's desktop, as its agent sees it.
         * @description The desktop is started when it does not run. While a person drives there is no picture.
         *
         *     Needs the scope `view`.
         */
        get: operations["screenshot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/sleep": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Closes the sandbox now, whatever runs in it. The next prompt opens it again.
         * @description Needs the scope `operate`.
         */
        post: operations["sleep_session"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/snapshots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the snapshots of a session's workspace, newest first.
         * @description One is taken before anything of a step writes, and when a run is over, where something changed since the one before. The oldest
         *     are forgotten when they are many or large. Directories of the user's own have none.
         *
         *     Needs the scope `view`.
         */
        get: operations["list_snapshots"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/snapshots/{snapshot}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says how the files of a snapshot differ from those of another.
         * @description Needs the scope `view`.
         */
        get: operations["list_changes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/snapshots/{snapshot}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says line by line how a file of a snapshot differs from that of another.
         * @description A file that is in one of them only has come, or gone.
         *
         *     Needs the scope `view`.
         */
        get: operations["diff_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/snapshots/{snapshot}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reads a file as it was.
         * @description Needs the scope `view`.
         */
        get: operations["read_snapshot_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends a session. Its conversation and its files stay.
         * @description Needs the scope `operate`.
         */
        post: operations["stop_session"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/terminals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists a session's terminals: those that the caller opened, and those that are shared.
         * @description Needs the scope `view`.
         */
        get: operations["list_terminals"];
        put?: never;
        /**
         * Opens a terminal. A session that sleeps is woken.
         * @description A session has at most eight. Private unless `shared`: only the key that opens it sees it. It stays when nobody looks at
         *     it, and ends with its program, when it is closed, or with the sandbox. A terminal that somebody watches keeps the session
         *     awake; one that nobody watches does so for `keep_awake_seconds`, like any program that was left running.
         *
         *     Needs the scope `operate`.
         */
        post: operations["open_terminal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/terminals/{terminal}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Closes a terminal: hangs it up, and ends what runs on it.
         * @description Needs the scope `operate`.
         */
        delete: operations["close_terminal"];
        options?: never;
        head?: never;
        /**
         * Renames a terminal, or shares it.
         * @description Needs the scope `operate`.
         */
        patch: operations["change_terminal"];
        trace?: never;
    };
    "/v2/sessions/{id}/terminals/{terminal}/socket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watches a terminal over a WebSocket, and types in it with the scope `operate`.
         * @description Binary frames are bytes, both ways. Text frames are `TerminalServerFrame`, of which the first is `attached`, and
         *     `TerminalClientFrame`. A browser, which cannot send a key here, adds a ticket for this address.
         *
         *     Needs the scope `view`.
         */
        get: operations["watch_terminal"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says what the session's sandbox uses now. A closed one uses nothing.
         * @description Needs the scope `view`.
         */
        get: operations["session_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/vnc": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Opens a port at which this desktop alone is, for viewers that have no key.
         * @description `vnc_url` opens it in a browser, and `/websockify` there takes the same `token`, for as long as the session, this key and
         *     the server last. Asked again, the address is the same. It is a secret; with `drive` its holder takes control with their
         *     first key or button. Off unless `vnc.session_ports` is set; else the code is `vnc_ports_off`.
         *
         *     Needs the scope `view`.
         */
        post: operations["open_vnc"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sessions/{id}/wake": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Opens the sandbox, and answers when it is open.
         * @description Needs the scope `operate`.
         */
        post: operations["wake_session"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchanges a one-use code for a key that can be revoked by itself. */
        post: operations["sign_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/sign-in/codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a link that signs one browser in, once, within five minutes.
         * @description Needs the scope `admin`.
         */
        post: operations["create_sign_in_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says what this server is, what it offers and how it does.
         * @description Needs the scope `view`.
         */
        get: operations["server_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a ticket: it lets one request through, within a minute, for exactly this address.
         * @description Needs the scope `view`.
         */
        post: operations["create_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/vnc/{id}/websockify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The same, at the address where viewers of old look for it, beside the page `/vnc/{id}/vnc.html`.
         * @description Needs the scope `view`.
         */
        get: operations["watch_desktop_as_vnc"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What a fact is about, and so whom it is told. */
        About: {
            /** @enum {string} */
            type: "everywhere";
        } | {
            path: string;
            /** @enum {string} */
            type: "directory";
        } | {
            session: components["schemas"]["SessionId"];
            /** @enum {string} */
            type: "session";
        };
        /** @description A budget, and what was spent of it. */
        Account: {
            allowance: components["schemas"]["Allowance"];
            of: components["schemas"]["Reach"];
            spent: components["schemas"]["Spent"];
        };
        /** @description What an agent of that name is. A session gets a copy of it when it is made, so that later changes are no changes of it. */
        AgentDefinition: {
            /** @description The brain; the server's default when absent. */
            agent?: string | null;
            budget?: components["schemas"]["Budget"] | null;
            /**
             * @description What it is for, in a sentence for people.
             * @default
             */
            description?: string;
            /**
             * @description What it is told before everything else that a session tells it.
             * @default
             */
            instructions?: string;
            mode?: components["schemas"]["Mode"] | null;
            /** @description The model; the server's default when absent. */
            model?: string | null;
            /**
             * @description Small letters, digits, `-` and `_`.
             * @default
             */
            name?: string;
            policy?: components["schemas"]["Policy"] | null;
            /**
             * @description The tools that it has, in which `*` stands for any run of characters; all when empty.
             * @default []
             */
            tools?: string[];
        };
        AgentInfo: {
            /** @description What to ask for. */
            id: string;
            /** @description What it is, in a sentence. */
            note: string;
        };
        /** @description The definitions of agents, those that come with Holt first. */
        AgentList: {
            items: components["schemas"]["ListedAgent"][];
        };
        /** @description The agent's finished message: what it said and which calls it wants. */
        AgentMessage: {
            message: components["schemas"]["MessageId"];
            model: string;
            parts: components["schemas"]["AssistantPart"][];
            run: components["schemas"]["RunId"];
            stop: components["schemas"]["StopReason"];
            usage: components["schemas"]["Usage"];
            within?: components["schemas"]["CallId"] | null;
        };
        /** @description Agrees to what a test has shown. */
        AgreeToolServer: {
            /** @description That of the test. */
            fingerprint: string;
        };
        /**
         * @description Upper bounds for more than one run: for a session, for all sessions of a key, for a day. A bound that is absent does not bind;
         *     one of nothing lets nothing begin.
         */
        Allowance: {
            /**
             * Format: int64
             * @description Millionths of a US dollar.
             */
            cost_micros?: number | null;
            /**
             * Format: int64
             * @description Seconds of work; the time that a run waits for a human does not count.
             */
            seconds?: number | null;
            /**
             * Format: int64
             * @description Turns of the model.
             */
            steps?: number | null;
            /**
             * Format: int64
             * @description Tokens in and out together.
             */
            tokens?: number | null;
        };
        /** @description Answers a question about a call. */
        Answer: {
            allow: boolean;
            /** @description What is to run in place of what was asked about. It is put on record, and the model is told. */
            arguments?: Record<string, never> | null;
            /** @description Allow it until the session ends, as the question's `for_session` says. */
            for_session?: boolean;
            /** @description The `hash` of the question that was seen: nothing is allowed without it, and nothing is answered with another one. */
            hash?: string | null;
            /** @description Why not, in words for the agent. */
            reason?: string | null;
        };
        AnswerFrame: {
            /** @description The call that is asked about. */
            answer: components["schemas"]["CallId"];
            session: components["schemas"]["SessionId"];
            with: components["schemas"]["Answer"];
        };
        AnswerHostFrame: {
            allow: boolean;
            /**
             * Format: int64
             * @description The number of the question; the snapshot's `host_questions` has it.
             */
            answer_host: number;
            /** @description For as long as the session lives; else for a minute. */
            lasting?: boolean;
            session: components["schemas"]["SessionId"];
        };
        /** @description The question was answered, by a person or by its time running out. */
        ApprovalAnswered: {
            allowed: boolean;
            /** @description What that person made of the arguments: these are what runs. */
            arguments?: Record<string, never> | null;
            /** @description Absent when time ran out or the run ended. */
            by?: string | null;
            call: components["schemas"]["CallId"];
            grant?: components["schemas"]["Grant"] | null;
            /** @description Why not, in that person's words. */
            reason?: string | null;
            run: components["schemas"]["RunId"];
        };
        /** @description A human is asked whether a call may run. */
        ApprovalRequested: {
            call: components["schemas"]["CallId"];
            question?: components["schemas"]["Question"] | null;
            run: components["schemas"]["RunId"];
            /** @description After this it counts as a no. */
            until: components["schemas"]["Timestamp"];
        };
        /** @description Something that the session hands out. */
        Artifact: {
            at: components["schemas"]["Timestamp"];
            id: components["schemas"]["ArtifactId"];
            media_type: string;
            name: string;
            /** @description Where it was in the workspace when it was handed out. */
            path: string;
            sha256: string;
            /** Format: int64 */
            size: number;
        };
        /**
         * Format: uuid
         * @description A file or archive that a session hands out.
         */
        ArtifactId: string;
        ArtifactList: {
            items: components["schemas"]["Artifact"][];
        };
        /** @description The agent hands something out. */
        ArtifactPublished: {
            artifact: components["schemas"]["ArtifactId"];
            call: components["schemas"]["CallId"];
            media_type: string;
            name: string;
            path: string;
            sha256: string;
            /** Format: int64 */
            size: number;
        };
        /** @description A part of what the model said, kept so that it can be said again to the model unchanged. */
        AssistantPart: {
            text: string;
            /** @enum {string} */
            type: "text";
        } | {
            text: string;
            /** @enum {string} */
            type: "reasoning";
        } | {
            arguments: Record<string, never>;
            /** @description The model's own name for the call. */
            reference: string;
            tool: string;
            /** @enum {string} */
            type: "call";
        } | {
            data: Record<string, never>;
            provider: string;
            /** @enum {string} */
            type: "opaque";
        };
        /**
         * @description Which bound was reached.
         * @enum {string}
         */
        Bound: "steps" | "tokens" | "cost" | "time";
        /** @description Upper bounds for one run. A bound that is absent does not bind. */
        Budget: {
            /**
             * Format: int64
             * @description Millionths of a US dollar.
             */
            cost_micros?: number | null;
            /**
             * Format: int64
             * @description Seconds of work; the time that a run waits for a human does not count.
             * @default 14400
             */
            seconds?: number | null;
            /**
             * Format: int32
             * @description Turns of the model.
             * @default 200
             */
            steps?: number | null;
            /**
             * Format: int64
             * @description Tokens in and out together.
             */
            tokens?: number | null;
        };
        /** @description A person changed what the session may use. */
        BudgetChanged: {
            budget: components["schemas"]["Budget"];
            by: string;
            session_budget: components["schemas"]["Allowance"];
        };
        /** @description The budgets that hold for a session, and what is spent of each: its own, those that its key gives it, those that it shares. */
        BudgetList: {
            items: components["schemas"]["Account"][];
        };
        /** @description A bound of a budget is reached, the run's or one that it shares: the run stops. */
        BudgetReached: components["schemas"]["Reached"] & {
            run: components["schemas"]["RunId"];
        };
        /** @description Four fifths of a bound of a budget are used: the run's, or one that it shares. */
        BudgetWarned: components["schemas"]["Reached"] & {
            run: components["schemas"]["RunId"];
        };
        /** @description What came of a call. Every proposed call gets exactly one. */
        CallFinished: {
            call: components["schemas"]["CallId"];
            outcome: components["schemas"]["CallOutcome"];
            run: components["schemas"]["RunId"];
        };
        /**
         * Format: uuid
         * @description A tool call, and the question about it when there is one.
         */
        CallId: string;
        /** @description What came of a call, bounded and ready for the log. */
        CallOutcome: {
            content: components["schemas"]["ToolContent"][];
            /** @description The tool's own structured facts (exit code, duration), for display. */
            details?: Record<string, never> | null;
            status: components["schemas"]["CallStatus"];
        };
        /** @description The agent wants to call a tool, and what the policy says. */
        CallProposed: {
            arguments: Record<string, never>;
            call: components["schemas"]["CallId"];
            /** @description May run beside others of its kind. */
            parallel: boolean;
            place?: components["schemas"]["Place"];
            /** @description The model's own name for the call. */
            reference: string;
            run: components["schemas"]["RunId"];
            /** @description Looks at the screen or acts on it. */
            screen?: boolean;
            tool: string;
            verdict: components["schemas"]["Verdict"];
            within?: components["schemas"]["CallId"] | null;
        };
        /** @enum {string} */
        CallStage: "asked" | "ready" | "running";
        /** @description A call begins. Durable before anything of it happens. */
        CallStarted: {
            call: components["schemas"]["CallId"];
            run: components["schemas"]["RunId"];
        };
        /**
         * @description How a call ended.
         * @enum {string}
         */
        CallStatus: "succeeded" | "failed" | "denied" | "cancelled" | "interrupted";
        /** @description Someone wants the run to stop. */
        CancelRequested: {
            by: string;
            run: components["schemas"]["RunId"];
        };
        /** @description Says a fact in other words. Without them, it is agreed to as it stands. */
        ChangeFact: {
            text?: string | null;
        };
        /** @enum {string} */
        ChangeKind: "added" | "changed" | "removed";
        /** @description Renames a terminal, or decides who sees it. What is absent stays. */
        ChangeTerminal: {
            /** @description Only who opened it decides this. */
            shared?: boolean | null;
            title?: string | null;
        };
        Changes: {
            /** @description In the order of their paths. */
            changes: components["schemas"]["FileChange"][];
            truncated: boolean;
        };
        /**
         * @description The verdict on one part.
         * @enum {string}
         */
        CheckState: "ok" | "degraded" | "failed";
        Checks: {
            model: components["schemas"]["CheckState"];
            sandbox: components["schemas"]["CheckState"];
            store: components["schemas"]["CheckState"];
        };
        /** @description What a client says. Exactly one of these. */
        ClientFrame: components["schemas"]["Follow"] | components["schemas"]["Unfollow"] | components["schemas"]["Watch"] | components["schemas"]["Unwatch"] | components["schemas"]["AnswerFrame"] | components["schemas"]["ReplyFrame"] | components["schemas"]["AnswerHostFrame"] | components["schemas"]["Ping"];
        /**
         * Format: uuid
         * @description One place where a person looks at Holt, such as a tab of a browser. Chosen by the client.
         */
        ClientId: string;
        /** @description A compaction that stands: where it is in the log, what it tells, and from where the log is read behind it. */
        CompactionPlace: {
            /** Format: int64 */
            at: number;
            /** Format: int64 */
            reads_from: number;
            /** Format: int64 */
            through: number;
        };
        /** @description The newest compaction that stood stands no longer. */
        CompactionUndone: {
            by: string;
            /**
             * Format: int64
             * @description The event that it was.
             */
            compaction: number;
            stands?: components["schemas"]["CompactionPlace"] | null;
        };
        /** @description A person wants the conversation compacted now. */
        CompactionWanted: {
            by: string;
        };
        /** @description From now on a summary stands for a part of the conversation in what the model sees. The log keeps all of it. */
        ContextCompacted: {
            /**
             * Format: int64
             * @description What the model saw before, in bytes of text.
             */
            before_bytes: number;
            /**
             * Format: int64
             * @description The first and the last event that the summary tells.
             */
            from: number;
            /**
             * Format: int64
             * @description How many of their messages had no room there.
             */
            left_out?: number;
            /** @description Which model wrote the summary. Without one it only counts what was done. */
            model?: string | null;
            /** @description The agent's plan, if it is unfinished. */
            plan?: components["schemas"]["PlanItem"][];
            /**
             * Format: int64
             * @description From where the log is read by whoever goes on behind it.
             */
            reads_from: number;
            run?: components["schemas"]["RunId"] | null;
            /** @description What people said in that part and before, which is kept beside the summary. */
            said: components["schemas"]["Said"][];
            summary: string;
            /** Format: int64 */
            through: number;
            usage: components["schemas"]["Usage"];
        };
        /** @description A person's control of a session's desktop. */
        Control: {
            /** @description Who has it, as people see them. */
            by: string;
            /** @description Where they look at it: input from anywhere else is refused. */
            client: components["schemas"]["ClientId"];
            programs: components["schemas"]["Programs"];
            since: components["schemas"]["Timestamp"];
        };
        /** @enum {string} */
        ControlAction: "take" | "give";
        /**
         * @description Why a person does not drive any more.
         * @enum {string}
         */
        ControlEnd: "given" | "seized" | "left" | "closed";
        /** @description Takes a session's desktop, or gives it back. */
        ControlRequest: {
            action: components["schemas"]["ControlAction"];
            /** @description From where: an id that each tab or program makes up for itself. */
            client: components["schemas"]["ClientId"];
            /** @description What the agent's programs do meanwhile. */
            programs?: components["schemas"]["Programs"];
            /** @description Take it also from somebody else. */
            seize?: boolean;
        };
        /** @description The agent has the desktop again. */
        ControlReturned: {
            /** @description Who gave it back, or took it over. */
            by?: string | null;
            why: components["schemas"]["ControlEnd"];
        };
        /** @description A person drives the desktop now: the agent waits. */
        ControlTaken: {
            by: string;
            client: components["schemas"]["ClientId"];
            programs: components["schemas"]["Programs"];
        };
        /** @description Makes a directory, and those above it. */
        CreateDirectory: {
            /** @description Its path from the workspace's top. */
            path: string;
        };
        /** @description Makes a key. */
        CreateKey: {
            expires_at?: components["schemas"]["Timestamp"] | null;
            /** @description What it is for, as people will look for it: "laptop", "build server". */
            name: string;
            owner?: components["schemas"]["OwnerId"] | null;
            rules?: components["schemas"]["KeyRules"] | null;
            scopes: components["schemas"]["Scope"][];
        };
        /** @description Makes a session. What is absent gets the server's default. */
        CreateSession: {
            /** @description Which agent works: a definition, such as `coder` or `reviewer`, or a brain; `holt` is the built-in one. */
            agent?: string | null;
            browser_profile?: components["schemas"]["ProfileName"] | null;
            budget?: components["schemas"]["Budget"] | null;
            desktop?: components["schemas"]["DesktopSpec"] | null;
            /** @description Which preset of programs and variables the sandbox has. */
            environment?: string | null;
            expires_at?: components["schemas"]["Timestamp"] | null;
            /**
             * @description What it says to hosts of its own; the first that names a host decides, before what `network` says.
             * @default []
             */
            hosts?: components["schemas"]["HostRule"][];
            id?: components["schemas"]["SessionId"] | null;
            /**
             * Format: int64
             * @description For how long after the last prompt, or the end of its run, a process that was left running keeps it from sleeping.
             */
            keep_awake_seconds?: number | null;
            kind?: components["schemas"]["SessionKind"] | null;
            limits?: components["schemas"]["Limits"] | null;
            mode?: components["schemas"]["Mode"] | null;
            model?: string | null;
            network?: components["schemas"]["Network"] | null;
            policy?: components["schemas"]["Policy"] | null;
            prompt?: components["schemas"]["SendPrompt"] | null;
            /**
             * @description What happens on the desktop is recorded from the beginning.
             * @default false
             */
            record_desktop?: boolean;
            session_budget?: components["schemas"]["Allowance"] | null;
            /**
             * Format: int64
             * @description How long it may sit idle before its sandbox is closed to give the memory back.
             */
            sleep_after_seconds?: number | null;
            source?: components["schemas"]["Source"] | null;
            /** @description Made from the first prompt when absent. */
            title?: string | null;
            workspace?: components["schemas"]["WorkspaceSpec"] | null;
        };
        /** @description Asks for a ticket: it lets one request through that cannot carry a key, such as a download or a socket of a page. */
        CreateTicket: {
            /** @description Path and query of the request, exactly as it will be made, without the ticket. */
            path: string;
            /** @description `GET`; nothing else can be done with a ticket. */
            verb: string;
        };
        /** @description A new key. This is the only time that it is shown. */
        CreatedKey: {
            key: string;
            record: components["schemas"]["Key"];
        };
        /** @description Live text that belongs to a message or a call which is not finished yet. */
        Delta: {
            /**
             * Format: int64
             * @description The place of the text's first byte in the whole.
             */
            offset: number;
            /** @description What the text belongs to. */
            target: components["schemas"]["DeltaTarget"];
            text: string;
        };
        DeltaTarget: {
            /** @description Text of a message. */
            id: components["schemas"]["MessageId"];
            /** @enum {string} */
            type: "message";
        } | {
            /** @description Thinking of a message. */
            id: components["schemas"]["MessageId"];
            /** @enum {string} */
            type: "reasoning";
        } | {
            /** @description Output of a call. */
            id: components["schemas"]["CallId"];
            /** @enum {string} */
            type: "call";
        };
        /** @description What is on the desktop, taken for an agent that goes on after a person has used it. */
        DesktopSeen: {
            picture: components["schemas"]["ToolContent"];
        };
        /** @description A session's desktop. */
        DesktopSpec: {
            /** @default light */
            flavour?: components["schemas"]["Flavour"];
            /**
             * Format: int32
             * @default 800
             */
            height?: number;
            /**
             * Format: int32
             * @description The size that it begins with; whoever has control may change it.
             * @default 1280
             */
            width?: number;
        };
        DiffLine: {
            kind: components["schemas"]["LineKind"];
            /** @description Without its end. */
            text: string;
        };
        /**
         * @description Why a session ended.
         * @enum {string}
         */
        EndReason: "completed" | "stopped" | "expired" | "failed" | "evicted";
        /** @description One line of a listing. */
        Entry: {
            kind: components["schemas"]["EntryKind"];
            modified_at: components["schemas"]["Timestamp"];
            /** @description The name alone. */
            name: string;
            /** @description Its path from the workspace's top, with `/` between. */
            path: string;
            /** Format: int64 */
            size: number;
        };
        /** @enum {string} */
        EntryKind: "file" | "directory" | "link" | "other";
        EnvironmentInfo: {
            /** @description What to ask for. */
            id: string;
            /** @description What it has, in a sentence. */
            note: string;
        };
        /** @description An error: what happened, to what, and what to do next. It carries the fields that clients of all contracts look for. */
        ErrorBody: {
            /** @description The stable code that programs can rely on. */
            code: string;
            /** @description The same as `message`. */
            detail: string;
            /** @description The words of the HTTP status. */
            error: string;
            /** @description The same as `code`. */
            error_type: string;
            /** @description What to do next. */
            hint: string;
            /** @description What happened, for people. */
            message: string;
            /** @description What the server's log calls this request. */
            request_id: string;
            /**
             * Format: int32
             * @description The HTTP status again.
             */
            statusCode: number;
        };
        /** @description An immutable fact of a session: its place in the log, its kind and its body. */
        Event: components["schemas"]["EventBody"] & {
            /**
             * Format: int64
             * @description Milliseconds since 1970 in UTC.
             */
            at: number;
            /** Format: int64 */
            seq: number;
            /**
             * Format: uuid
             * @description A session.
             */
            session: string;
        };
        /** @description What happened. The wire form is `{"kind": …, "body": {…}}`. */
        EventBody: {
            /** @description The session was made. Always the first event. */
            body: components["schemas"]["SessionCreated"];
            /** @enum {string} */
            kind: "session_created";
        } | {
            /** @description Its title was changed by a person, or made from the first prompt. */
            body: components["schemas"]["SessionRenamed"];
            /** @enum {string} */
            kind: "session_renamed";
        } | {
            /** @description A model said what the session is about. */
            body: components["schemas"]["SessionSummarized"];
            /** @enum {string} */
            kind: "session_summarized";
        } | {
            /** @description A prompt arrived. The order of these events is the order of the queue. */
            body: components["schemas"]["PromptQueued"];
            /** @enum {string} */
            kind: "prompt_queued";
        } | {
            /** @description A queued prompt was taken back before anything came of it. */
            body: components["schemas"]["PromptWithdrawn"];
            /** @enum {string} */
            kind: "prompt_withdrawn";
        } | {
            /** @description A run takes up a prompt. */
            body: components["schemas"]["RunStarted"];
            /** @enum {string} */
            kind: "run_started";
        } | {
            /** @description A running run took a further prompt in between two steps. */
            body: components["schemas"]["PromptSteered"];
            /** @enum {string} */
            kind: "prompt_steered";
        } | {
            /** @description The agent begins to write a message; its text follows as live deltas. */
            body: components["schemas"]["MessageStarted"];
            /** @enum {string} */
            kind: "message_started";
        } | {
            /** @description A message that was begun will never be finished: forget its text. */
            body: components["schemas"]["MessageAborted"];
            /** @enum {string} */
            kind: "message_aborted";
        } | {
            /** @description The agent's finished message: what it said and which calls it wants. */
            body: components["schemas"]["AgentMessage"];
            /** @enum {string} */
            kind: "agent_message";
        } | {
            /** @description The model that was asked cannot answer, and another does. Said once in a run for each that stands in. */
            body: components["schemas"]["ModelStoodIn"];
            /** @enum {string} */
            kind: "model_stood_in";
        } | {
            /** @description The agent wants to call a tool, and what the policy says. */
            body: components["schemas"]["CallProposed"];
            /** @enum {string} */
            kind: "call_proposed";
        } | {
            /** @description A human is asked whether a call may run. */
            body: components["schemas"]["ApprovalRequested"];
            /** @enum {string} */
            kind: "approval_requested";
        } | {
            /** @description The question was answered, by a person or by its time running out. */
            body: components["schemas"]["ApprovalAnswered"];
            /** @enum {string} */
            kind: "approval_answered";
        } | {
            /** @description What a person allowed until the session ends is not allowed any more. */
            body: components["schemas"]["GrantRevoked"];
            /** @enum {string} */
            kind: "grant_revoked";
        } | {
            /** @description The agent asks a person in words, and waits. */
            body: components["schemas"]["HumanAsked"];
            /** @enum {string} */
            kind: "human_asked";
        } | {
            /** @description A person answered in words. */
            body: components["schemas"]["HumanAnswered"];
            /** @enum {string} */
            kind: "human_answered";
        } | {
            /** @description A person changed how freely the agent works. */
            body: components["schemas"]["ModeChanged"];
            /** @enum {string} */
            kind: "mode_changed";
        } | {
            /** @description A call begins. Durable before anything of it happens. */
            body: components["schemas"]["CallStarted"];
            /** @enum {string} */
            kind: "call_started";
        } | {
            /** @description What came of a call. Every proposed call gets exactly one. */
            body: components["schemas"]["CallFinished"];
            /** @enum {string} */
            kind: "call_finished";
        } | {
            /** @description The agent's plan is another one. */
            body: components["schemas"]["PlanChanged"];
            /** @enum {string} */
            kind: "plan_changed";
        } | {
            /** @description Four fifths of a bound of a budget are used: the run's, or one that it shares. */
            body: components["schemas"]["BudgetWarned"];
            /** @enum {string} */
            kind: "budget_warned";
        } | {
            /** @description A bound of a budget is reached, the run's or one that it shares: the run stops. */
            body: components["schemas"]["BudgetReached"];
            /** @enum {string} */
            kind: "budget_reached";
        } | {
            /** @description A person changed what the session may use. */
            body: components["schemas"]["BudgetChanged"];
            /** @enum {string} */
            kind: "budget_changed";
        } | {
            /** @description Someone wants the run to stop. */
            body: components["schemas"]["CancelRequested"];
            /** @enum {string} */
            kind: "cancel_requested";
        } | {
            /** @description A run is over. */
            body: components["schemas"]["RunFinished"];
            /** @enum {string} */
            kind: "run_finished";
        } | {
            /** @description The sandbox is open: the agent has hands. */
            body: components["schemas"]["SandboxOpened"];
            /** @enum {string} */
            kind: "sandbox_opened";
        } | {
            /** @description The sandbox is closed, on purpose or not. */
            body: components["schemas"]["SandboxClosed"];
            /** @enum {string} */
            kind: "sandbox_closed";
        } | {
            /** @description Everything in the sandbox stands still: the machine has not enough left to go on. The run's clock stands still too. */
            body: components["schemas"]["SandboxHeld"];
            /** @enum {string} */
            kind: "sandbox_held";
        } | {
            /** @description What stood still in the sandbox goes on. */
            body: components["schemas"]["SandboxReleased"];
            /** @enum {string} */
            kind: "sandbox_released";
        } | {
            /**
             * @description What the browser has open is another page, or the page has another name. No more than one in a while: what was only
             *     passed through is left out. Without tabs the browser is closed.
             */
            body: components["schemas"]["PageChanged"];
            /** @enum {string} */
            kind: "page_changed";
        } | {
            /** @description The session would have slept, but something still runs in it. */
            body: components["schemas"]["SleepPostponed"];
            /** @enum {string} */
            kind: "sleep_postponed";
        } | {
            /** @description A person drives the desktop now: the agent waits. */
            body: components["schemas"]["ControlTaken"];
            /** @enum {string} */
            kind: "control_taken";
        } | {
            /** @description The agent has the desktop again. */
            body: components["schemas"]["ControlReturned"];
            /** @enum {string} */
            kind: "control_returned";
        } | {
            /** @description What is on the desktop, taken for an agent that goes on after a person has used it. */
            body: components["schemas"]["DesktopSeen"];
            /** @enum {string} */
            kind: "desktop_seen";
        } | {
            /** @description From now on what happens on the desktop is recorded. */
            body: components["schemas"]["RecordingStarted"];
            /** @enum {string} */
            kind: "recording_started";
        } | {
            /** @description Nothing is recorded while a person drives. */
            body: components["schemas"]["RecordingPaused"];
            /** @enum {string} */
            kind: "recording_paused";
        } | {
            /** @description The recording goes on. */
            body: components["schemas"]["RecordingResumed"];
            /** @enum {string} */
            kind: "recording_resumed";
        } | {
            /** @description The desktop is recorded no longer. What was recorded stays. */
            body: components["schemas"]["RecordingStopped"];
            /** @enum {string} */
            kind: "recording_stopped";
        } | {
            /** @description A person opened a terminal. What is typed and shown there is nowhere in the log. */
            body: components["schemas"]["TerminalOpened"];
            /** @enum {string} */
            kind: "terminal_opened";
        } | {
            /** @description A terminal was closed. One that is open when the sandbox closes goes without a word of its own. */
            body: components["schemas"]["TerminalClosed"];
            /** @enum {string} */
            kind: "terminal_closed";
        } | {
            /** @description Where the session may go was changed. */
            body: components["schemas"]["NetworkChanged"];
            /** @enum {string} */
            kind: "network_changed";
        } | {
            /** @description Something inside wants to reach a host that a person has to be asked about, and waits. The event's number is the question's. */
            body: components["schemas"]["HostAsked"];
            /** @enum {string} */
            kind: "host_asked";
        } | {
            /** @description A question about a host was answered, by a person, by another policy, or by its time running out. */
            body: components["schemas"]["HostAnswered"];
            /** @enum {string} */
            kind: "host_answered";
        } | {
            /**
             * @description Something inside wanted to reach a host, and what came of it. Told at the first time, and again when it has happened
             *     ten times as often.
             */
            body: components["schemas"]["NetworkDecided"];
            /** @enum {string} */
            kind: "network_decided";
        } | {
            /** @description A program inside asked a model, through Holt. */
            body: components["schemas"]["ModelUsed"];
            /** @enum {string} */
            kind: "model_used";
        } | {
            /** @description What stands in the workspace was kept, as it was then. */
            body: components["schemas"]["SnapshotTaken"];
            /** @enum {string} */
            kind: "snapshot_taken";
        } | {
            /** @description The workspace, or one file of it, was made what it was in a snapshot. */
            body: components["schemas"]["WorkspaceRestored"];
            /** @enum {string} */
            kind: "workspace_restored";
        } | {
            /** @description From here on the session goes its own way: everything before happened in another one, under the same numbers. */
            body: components["schemas"]["SessionForked"];
            /** @enum {string} */
            kind: "session_forked";
        } | {
            /** @description What the session works on was fetched into its workspace. */
            body: components["schemas"]["SourceFetched"];
            /** @enum {string} */
            kind: "source_fetched";
        } | {
            /** @description A person put a file into the workspace. */
            body: components["schemas"]["FileReceived"];
            /** @enum {string} */
            kind: "file_received";
        } | {
            /** @description The agent hands something out. */
            body: components["schemas"]["ArtifactPublished"];
            /** @enum {string} */
            kind: "artifact_published";
        } | {
            /** @description A person wants the conversation compacted now. */
            body: components["schemas"]["CompactionWanted"];
            /** @enum {string} */
            kind: "compaction_wanted";
        } | {
            /** @description From now on a summary stands for a part of the conversation in what the model sees. The log keeps all of it. */
            body: components["schemas"]["ContextCompacted"];
            /** @enum {string} */
            kind: "context_compacted";
        } | {
            /** @description The newest compaction that stood stands no longer. */
            body: components["schemas"]["CompactionUndone"];
            /** @enum {string} */
            kind: "compaction_undone";
        } | {
            /** @description Something a person should know that changes nothing. */
            body: components["schemas"]["Noted"];
            /** @enum {string} */
            kind: "noted";
        } | {
            /** @description The session begins to end. */
            body: components["schemas"]["SessionEnding"];
            /** @enum {string} */
            kind: "session_ending";
        } | {
            /** @description The session has ended. Its conversation and files stay. */
            body: components["schemas"]["SessionEnded"];
            /** @enum {string} */
            kind: "session_ended";
        } | {
            /** @description Something a person can act on keeps the session from working. */
            body: components["schemas"]["SessionFailed"];
            /** @enum {string} */
            kind: "session_failed";
        } | {
            /** @description A failed session is tried again. */
            body: components["schemas"]["SessionRetried"];
            /** @enum {string} */
            kind: "session_retried";
        };
        /** @description A page of a session's log, oldest first. */
        EventPage: {
            events: components["schemas"]["Event"][];
            /**
             * Format: int64
             * @description The last event that the log has by now.
             */
            last_seq: number;
        };
        /** @description Something that is remembered. */
        Fact: {
            about: components["schemas"]["About"];
            /** @description When it was written or last changed. */
            at: components["schemas"]["Timestamp"];
            /** @description Who wrote it, as people see them. */
            by: string;
            /**
             * Format: int64
             * @description Its number among the owner's.
             */
            id: number;
            session?: components["schemas"]["SessionId"] | null;
            text: string;
            /** @description It waits for a person to agree, and is told to nobody. */
            waiting?: boolean;
        };
        /** @description Facts, oldest first. */
        FactList: {
            items: components["schemas"]["Fact"][];
        };
        /** @description What is wrong, in words a person can act on. */
        Failure: {
            code: string;
            hint: string;
            message: string;
        };
        /** @description What was fetched. Said by the sandbox, so it is to be read and not to be relied on. */
        Fetched: {
            /** @description Empty where the repository has nothing in it yet. */
            branch: string;
            commit: string;
        };
        /** @description How a file differs between two snapshots. */
        FileChange: {
            change: components["schemas"]["ChangeKind"];
            path: string;
            /**
             * Format: int64
             * @description Its size afterwards; of one that was removed, before.
             */
            size: number;
        };
        /** @description How a file became another, line by line. */
        FileDiff: {
            hunks: components["schemas"]["Hunk"][];
            not_shown?: components["schemas"]["NotShown"] | null;
            path: string;
        };
        /** @description A person put a file into the workspace. */
        FileReceived: {
            by: string;
            path: string;
            /** Format: int64 */
            size: number;
        };
        /** @description What this machine can do, as `doctor`, `/ready` and the page show it. */
        Finding: {
            /** @description A command that mends it, when one does. */
            fix?: string | null;
            /** @description What to do about it, when there is something. */
            hint?: string | null;
            /** @description A stable name: `user_namespaces`, `bubblewrap`, `memory_limit`. */
            name: string;
            state: components["schemas"]["FindingState"];
            /** @description What was found, in a sentence. */
            text: string;
        };
        /** @enum {string} */
        FindingState: "good" | "weak" | "bad";
        /**
         * @description What kind of desktop a session has. It is started when it is first needed.
         * @enum {string}
         */
        Flavour: "none" | "light" | "full";
        Follow: {
            after?: number | null;
            /**
             * @description With `false`, text comes with its finished message and not while it is written.
             * @default true
             */
            deltas?: boolean;
            follow: components["schemas"]["SessionId"];
        };
        /**
         * @description Which files a fork has.
         * @enum {string}
         */
        ForkFiles: "then" | "now" | "none";
        /** @description Makes a session out of another one. Without anything, it is a copy of all of it as it is now. */
        ForkSession: {
            /**
             * Format: int64
             * @description The last event that it has in common with this one.
             */
            at?: number | null;
            /**
             * Format: int32
             * @description In place of `at`: before this step of a run, which is numbered from 1.
             */
            before_step?: number | null;
            /** @default then */
            files?: components["schemas"]["ForkFiles"];
            /**
             * @description The run that was under way there takes its next step, or the first prompt that waited there is taken up. Otherwise nothing
             *     happens until somebody says something.
             * @default false
             */
            go_on?: boolean;
            id?: components["schemas"]["SessionId"] | null;
            prompt?: components["schemas"]["SendPrompt"] | null;
            run?: components["schemas"]["RunId"] | null;
            /** @description As this session's, with a word that it is a fork, when absent. */
            title?: string | null;
        };
        /** @description Of which session another is a copy, and of how much of it. */
        ForkedFrom: {
            /**
             * Format: int64
             * @description The last event that both have.
             */
            at: number;
            session: components["schemas"]["SessionId"];
        };
        /** @description Something that was found. */
        Found: {
            at: components["schemas"]["Timestamp"];
            /** @description The text around it, on one line. */
            excerpt: string;
            /** @description `prompt_queued` is a person's words, `agent_message` the agent's. */
            kind: string;
            /**
             * Format: int64
             * @description The event in which it stands.
             */
            seq: number;
            session: components["schemas"]["SessionId"];
            /** @description What the session is called. */
            title: string;
        };
        /** @description What an agent asks a person in words. */
        FreeQuestion: {
            /** @description Answers that can be picked; any other can be given too. */
            choices?: string[];
            text: string;
        };
        /** @description What a person allowed until the session ends. As narrow as the question was. */
        Grant: {
            command: string;
            directory: string;
            tool: string;
            /** @enum {string} */
            type: "command";
        } | {
            paths: string[];
            tool: string;
            /** @enum {string} */
            type: "paths";
        } | {
            host: string;
            tool: string;
            /** @enum {string} */
            type: "host";
        } | {
            arguments: Record<string, never>;
            tool: string;
            /** @enum {string} */
            type: "call";
        };
        /** @description What a person allowed until the session ends is not allowed any more. */
        GrantRevoked: {
            by: string;
            /**
             * Format: int64
             * @description The number of the event that gave it.
             */
            grant: number;
        };
        /** @description Whether the server works: what the health checks of all contracts look for. */
        Health: {
            agent_manager: boolean;
            checks: components["schemas"]["Checks"];
            /** Format: int64 */
            connections: number;
            service: string;
            services: components["schemas"]["Services"];
            status: components["schemas"]["HealthState"];
            /** @description RFC 3339. */
            timestamp: string;
            /**
             * Format: int64
             * @description Seconds.
             */
            uptime: number;
            version: string;
        };
        /** @enum {string} */
        HealthState: "healthy" | "degraded" | "unhealthy";
        /** @description Why an open sandbox stands still, in words for people. */
        Held: {
            code: string;
            since: components["schemas"]["Timestamp"];
            text: string;
        };
        /** @description Answers a question about a host. */
        HostAnswer: {
            allow: boolean;
            /** @description For as long as the session lives; else for a minute. */
            lasting?: boolean;
        };
        /** @description A question about a host was answered, by a person, by another policy, or by its time running out. */
        HostAnswered: {
            allowed: boolean;
            /** @description Absent when nobody answered. */
            by?: string | null;
            host: string;
            /** @description For as long as the session lives, and not for a minute. */
            lasting: boolean;
            /** Format: int32 */
            port: number;
            /** Format: int64 */
            question: number;
        };
        /** @description Something inside wants to reach a host that a person has to be asked about, and waits. The event's number is the question's. */
        HostAsked: {
            host: string;
            /** Format: int32 */
            port: number;
            /** @description After this it counts as a no. */
            until: components["schemas"]["Timestamp"];
        };
        /** @description A host that somebody inside waits to reach, and that a person is asked about. */
        HostQuestion: {
            host: string;
            /** Format: int32 */
            port: number;
            /**
             * Format: int64
             * @description The number of the event that asked.
             */
            question: number;
            /** @description After this it counts as a no. */
            until: components["schemas"]["Timestamp"];
        };
        /** @description One line of a network policy: a host, or hosts, and what it says to them. */
        HostRule: {
            /** @description `example.com`, `*.example.com` for every name below it, an address, or `*`; with `:port` for that port alone. */
            host: string;
            verdict: components["schemas"]["Verdict"];
        };
        /** @description A host that a secret is kept for. */
        HostSecret: {
            host: string;
            kept_at: components["schemas"]["Timestamp"];
        };
        HostSecretList: {
            items: components["schemas"]["HostSecret"][];
        };
        /** @description A person answered in words. */
        HumanAnswered: {
            by: string;
            call: components["schemas"]["CallId"];
            run: components["schemas"]["RunId"];
            text: string;
        };
        /** @description The agent asks a person in words, and waits. */
        HumanAsked: {
            call: components["schemas"]["CallId"];
            question: components["schemas"]["FreeQuestion"];
            run: components["schemas"]["RunId"];
            /** @description After this it is not answered. */
            until: components["schemas"]["Timestamp"];
        };
        /** @description Changes that stand close to each other. */
        Hunk: {
            /** Format: int64 */
            after: number;
            /**
             * Format: int64
             * @description The numbers of its first line before and afterwards, from 1.
             */
            before: number;
            lines: components["schemas"]["DiffLine"][];
        };
        /** @description Where to go from here. */
        Index: {
            /** @description What is where. */
            endpoints: {
                [key: string]: string;
            };
            name: string;
            version: string;
        };
        /** @description Keeps a secret for a host. */
        KeepHostSecret: {
            /** @description A header, `Name: value`, or a token. */
            secret: string;
        };
        /** @description Keeps a secret. */
        KeepSecret: {
            secret: string;
        };
        /** @description A grant as it is kept: until the session ends, or somebody takes it back. */
        KeptGrant: components["schemas"]["Grant"] & {
            at?: components["schemas"]["Timestamp"] | null;
            /** @description Who gave it. */
            by?: string | null;
            /**
             * Format: int64
             * @description The number of the event that gave it; what earlier versions kept has none.
             */
            id?: number;
        };
        /** @description A key as it is shown: never the key itself. */
        Key: {
            created_at: components["schemas"]["Timestamp"];
            expires_at?: components["schemas"]["Timestamp"] | null;
            id: components["schemas"]["KeyId"];
            last_used_at?: components["schemas"]["Timestamp"] | null;
            name: string;
            owner: components["schemas"]["OwnerId"];
            revoked_at?: components["schemas"]["Timestamp"] | null;
            rules?: components["schemas"]["KeyRules"] | null;
            scopes: components["schemas"]["Scope"][];
            /** @description What its sessions have spent, also those that are gone. */
            spent?: components["schemas"]["Spent"];
            /** @description The same for this day, which began at midnight UTC. */
            spent_today?: components["schemas"]["Spent"];
        };
        /**
         * Format: uuid
         * @description An access key.
         */
        KeyId: string;
        KeyList: {
            items: components["schemas"]["Key"][];
        };
        /**
         * @description What the sessions that are made with a key may not go beyond, whoever works with them. A key with rules changes no other
         *     sessions. What is absent does not bind.
         */
        KeyRules: {
            /**
             * @description The same for one day, which begins at midnight UTC.
             * @default {}
             */
            day?: components["schemas"]["Allowance"];
            mode?: components["schemas"]["Mode"] | null;
            network?: components["schemas"]["Network"] | null;
            policy?: components["schemas"]["Policy"] | null;
            /**
             * @description What each run may use.
             * @default {}
             */
            run?: components["schemas"]["Allowance"];
            /**
             * @description What each session may.
             * @default {}
             */
            session?: components["schemas"]["Allowance"];
            /**
             * @description What all of them may together.
             * @default {}
             */
            total?: components["schemas"]["Allowance"];
        };
        /** @enum {string} */
        Level: "info" | "warning" | "error";
        /** @description What a sandbox may use. */
        Limits: {
            /**
             * Format: int32
             * @description Hundredths of one processor: 150 is one and a half.
             * @default 200
             */
            cpu_percent?: number;
            /**
             * Format: int64
             * @description What the workspace and home may hold.
             * @default 10737418240
             */
            disk_bytes?: number;
            /**
             * Format: int64
             * @default 4294967296
             */
            memory_bytes?: number;
            /**
             * Format: int32
             * @default 512
             */
            processes?: number;
            /**
             * Format: int64
             * @description What `/tmp` and the other memory file systems may hold.
             * @default 536870912
             */
            tmp_bytes?: number;
        };
        /** @enum {string} */
        LineKind: "same" | "removed" | "added";
        /** @description A definition of an agent, and where it comes from. */
        ListedAgent: components["schemas"]["AgentDefinition"] & {
            /** @description It comes with Holt, and nobody has put another in its place. */
            built_in: boolean;
        };
        Listener: {
            /** @description `127.0.0.1:9090`, or a path. */
            address: string;
            tls: boolean;
        };
        /** @description A listing, and whether it is whole. */
        Listing: {
            entries: components["schemas"]["Entry"][];
            /** @description True when there were more than are listed. */
            truncated: boolean;
        };
        /** @description Who the caller is. */
        Me: {
            key?: components["schemas"]["KeyId"] | null;
            name: string;
            owner: components["schemas"]["OwnerId"];
            scopes: components["schemas"]["Scope"][];
        };
        /** @description What a sandbox uses. */
        Measurement: {
            /** Format: int64 */
            cpu_millis: number;
            /** Format: int64 */
            disk_bytes: number;
            /** Format: int64 */
            memory_bytes: number;
            /** Format: int32 */
            processes: number;
        };
        /** @description A message that was begun will never be finished: forget its text. */
        MessageAborted: {
            message: components["schemas"]["MessageId"];
            run: components["schemas"]["RunId"];
        };
        /**
         * Format: uuid
         * @description A message of the agent, while it is written and afterwards.
         */
        MessageId: string;
        /** @description The agent begins to write a message; its text follows as live deltas. */
        MessageStarted: {
            message: components["schemas"]["MessageId"];
            run: components["schemas"]["RunId"];
        };
        /**
         * @description How freely an agent works. It can be changed while the session lives.
         * @enum {string}
         */
        Mode: "plan" | "ask" | "accept_edits" | "full";
        /** @description A person changed how freely the agent works. */
        ModeChanged: {
            by: string;
            mode: components["schemas"]["Mode"];
        };
        /** @description A model that people can choose. */
        ModelInfo: {
            /**
             * Format: int64
             * @description Tokens that it can hold.
             */
            context_tokens: number;
            /** @description What to ask for: `demo`, `claude-sonnet-4-5`. */
            id: string;
            label: string;
            /** @description What it is in a sentence, honest about what it cannot do. */
            note: string;
            /** @description Whether it can look at pictures. */
            pictures: boolean;
            price?: components["schemas"]["Price"] | null;
            provider: string;
            /** @description Whether it can call tools. One that cannot only talks. */
            tools: boolean;
        };
        /** @description The model that was asked cannot answer, and another does. Said once in a run for each that stands in. */
        ModelStoodIn: {
            /** @description Why, as the error's stable code and in words. */
            code: string;
            /** @description The one that is asked instead. */
            model: string;
            run: components["schemas"]["RunId"];
            /** @description The one that was asked. */
            wanted: string;
            why: string;
        };
        /** @description A program inside asked a model, through Holt. */
        ModelUsed: {
            model: string;
            provider: string;
            run?: components["schemas"]["RunId"] | null;
            usage: components["schemas"]["Usage"];
        };
        NeededSecret: {
            kept: boolean;
            name: string;
        };
        /**
         * @description Where a session may go beyond its sandbox.
         * @enum {string}
         */
        Network: "none" | "allow" | "open";
        /** @description Where the session may go was changed. */
        NetworkChanged: {
            by: string;
            hosts: components["schemas"]["HostRule"][];
            network: components["schemas"]["Network"];
        };
        /**
         * @description Something inside wanted to reach a host, and what came of it. Told at the first time, and again when it has happened
         *     ten times as often.
         */
        NetworkDecided: {
            allowed: boolean;
            host: string;
            /** Format: int32 */
            port: number;
            /** @description The rule's own text, or a word for what decided. */
            rule: string;
            /** Format: int64 */
            times: number;
        };
        /** @description Where a session may go from now on. */
        NetworkRequest: {
            hosts?: components["schemas"]["HostRule"][];
            network: components["schemas"]["Network"];
        };
        /** @enum {string} */
        NotShown: "binary" | "too_large";
        /** @description Something a person should know that changes nothing. */
        Noted: {
            code: string;
            level: components["schemas"]["Level"];
            text: string;
        };
        /** @description A call without a result. */
        OpenCall: {
            answer_until?: components["schemas"]["Timestamp"] | null;
            arguments: Record<string, never>;
            asks?: components["schemas"]["FreeQuestion"] | null;
            /** @description Who changed its arguments before allowing it. */
            edited_by?: string | null;
            id: components["schemas"]["CallId"];
            /** @description May run beside others of its kind. */
            parallel: boolean;
            place?: components["schemas"]["Place"];
            question?: components["schemas"]["Question"] | null;
            /** @description Looks at the screen or acts on it. */
            screen?: boolean;
            stage: components["schemas"]["CallStage"];
            tool: string;
            within?: components["schemas"]["CallId"] | null;
        };
        /** @description Opens what serves on a port. */
        OpenPreview: {
            /** Format: int32 */
            port: number;
        };
        /** @description Opens a terminal in a session's sandbox. */
        OpenTerminal: {
            /**
             * Format: int32
             * @description 4 to 1000.
             */
            cols: number;
            /** @description A program and its arguments; a shell when absent. */
            command?: string[];
            /**
             * Format: int32
             * @description 2 to 500.
             */
            rows: number;
            /** @description Everybody who sees the session sees it, and types in it if they may operate. Otherwise only the key that opens it does. */
            shared?: boolean;
            title?: string | null;
        };
        /** @description Asks for a session's desktop at a port of its own. */
        OpenVnc: {
            /**
             * @description Whoever has the address may take control, with their first key or button; else it only watches.
             * @default false
             */
            drive?: boolean;
        };
        /** @description Who something belongs to. The person who set Holt up is `owner`; compatibility listeners act as `local`. */
        OwnerId: string;
        /** @description What a session's browser shows. */
        Page: {
            loading: boolean;
            /**
             * Format: int32
             * @description How many tabs are open.
             */
            tabs: number;
            title: string;
            url: string;
        };
        /**
         * @description What the browser has open is another page, or the page has another name. No more than one in a while: what was only
         *     passed through is left out. Without tabs the browser is closed.
         */
        PageChanged: {
            loading: boolean;
            /** Format: int32 */
            tabs: number;
            title: string;
            url: string;
        };
        Ping: {
            /** Format: int64 */
            ping: number;
        };
        /**
         * @description Where a tool's calls are answered.
         * @enum {string}
         */
        Place: "sandbox" | "session" | "elsewhere";
        /** @description The agent's plan is another one. */
        PlanChanged: {
            items: components["schemas"]["PlanItem"][];
        };
        PlanItem: {
            status: components["schemas"]["PlanStatus"];
            text: string;
        };
        /** @enum {string} */
        PlanStatus: "pending" | "in_progress" | "done";
        /** @description The first rule that matches decides; `otherwise` is for the rest. The sandbox is the wall, so the default allows. */
        Policy: {
            /**
             * Format: int64
             * @description How long a question waits for its answer before it counts as a no.
             * @default 86400
             */
            answer_within_seconds?: number;
            /** @default allow */
            otherwise?: components["schemas"]["Verdict"];
            /** @default [] */
            rules?: components["schemas"]["Rule"][];
        };
        /** @description A preview of what serves on a port of a session's sandbox. */
        Preview: {
            expires_at?: components["schemas"]["Timestamp"] | null;
            id: string;
            opened_at: components["schemas"]["Timestamp"];
            /** @description Where it is, for a browser that was let in. */
            origin: string;
            /** Format: int32 */
            port: number;
            session: components["schemas"]["SessionId"];
            /** @description Lets one browser in, once. Only in the answer to opening it. */
            url?: string | null;
        };
        PreviewList: {
            items: components["schemas"]["Preview"][];
            /** @description On which something in the sandbox serves, the lowest first. */
            ports: number[];
        };
        /** @description What a million tokens cost, in millionths of a US dollar. */
        Price: {
            /** Format: int64 */
            cache_read: number;
            /** Format: int64 */
            cache_write: number;
            /** Format: int64 */
            input: number;
            /** Format: int64 */
            output: number;
        };
        /** @description What may be told of a profile. */
        Profile: {
            /**
             * Format: int64
             * @description How large it is, sealed; nothing was kept yet of one that is only held.
             */
            bytes: number;
            held_by?: components["schemas"]["SessionId"] | null;
            kept_at?: components["schemas"]["Timestamp"] | null;
            name: components["schemas"]["ProfileName"];
        };
        /** @description Profiles of browsers. */
        ProfileList: {
            items: components["schemas"]["Profile"][];
        };
        /** @description The name of a profile: small letters, digits and `-`, `_`, `.`, beginning with a letter or digit. */
        ProfileName: string;
        /**
         * @description What the agent's programs do while a person drives.
         * @enum {string}
         */
        Programs: "stand_still" | "run";
        /** @description A prompt with files. */
        PromptForm: {
            file: string[];
            prompt?: components["schemas"]["SendPrompt"] | null;
            /** @description The prompt's text, when there is nothing else to say. */
            text?: string | null;
        };
        /**
         * Format: uuid
         * @description A prompt. Chosen by the client, so that a prompt sent twice is taken once.
         */
        PromptId: string;
        /** @description A prompt arrived. The order of these events is the order of the queue. */
        PromptQueued: {
            /** @description Files that came with it, by their path in the workspace. */
            attachments?: string[];
            /** @description Who sent it, as people see them. */
            by: string;
            prompt: components["schemas"]["PromptId"];
            text: string;
            when_busy: components["schemas"]["WhenBusy"];
        };
        /** @description What became of a prompt. */
        PromptReceipt: {
            prompt: components["schemas"]["PromptId"];
            session: components["schemas"]["Snapshot"];
            /** @description How many prompts are before it; absent when it is being worked on or was taken before. */
            waiting_behind?: number | null;
        };
        /** @description A running run took a further prompt in between two steps. */
        PromptSteered: {
            prompt: components["schemas"]["PromptId"];
            run: components["schemas"]["RunId"];
        };
        /** @description A queued prompt was taken back before anything came of it. */
        PromptWithdrawn: {
            by: string;
            prompt: components["schemas"]["PromptId"];
        };
        /** @description A provider, as people see it. */
        ProviderInfo: components["schemas"]["ProviderSettings"] & {
            /** @description Where it is asked, whether or not somebody said so. */
            address: string;
            has_key: boolean;
            name: string;
            /** @description The models that can be asked. */
            offers: components["schemas"]["ModelInfo"][];
            origin: components["schemas"]["ProviderOrigin"];
            /** @description Why it cannot be asked, or not for all that it has. */
            problem?: string | null;
        };
        /** @description A kind of provider that can be added. */
        ProviderKind: {
            id: string;
            label: string;
            needs_address: boolean;
            needs_key: boolean;
        };
        /** @description All providers. */
        ProviderList: {
            /** @description What sessions use that name no model. */
            default_model: string;
            items: components["schemas"]["ProviderInfo"][];
            /** @description The kinds that can be added. */
            kinds: components["schemas"]["ProviderKind"][];
            /** @description The day of the newest known prices. */
            prices_as_of: string;
        };
        /**
         * @description Who said that there is a provider.
         * @enum {string}
         */
        ProviderOrigin: "kept" | "configuration" | "found";
        /** @description What people set about a provider, next to its key. */
        ProviderSettings: {
            /** @description Absent: where that kind is. */
            base_url?: string | null;
            /** @description `anthropic`, `openai`, `gemini`, `openrouter`, `ollama`, or `compatible` for any server that speaks Chat Completions. */
            kind: string;
            /** @description The models that are offered; none: those of that kind, or those that it lists. */
            models?: string[];
            /** @description It is in a network of one's own: names may lead to private addresses, and the key may travel unencrypted. */
            own_network?: boolean;
            /** @description The language, where it is not the kind's own: `anthropic`, `responses`, `chat`, `gemini`, `ollama`. */
            wire?: string | null;
        };
        /** @description What came of asking a provider whether it can be asked. */
        ProviderTest: {
            /** @description The stable code of what went wrong. */
            code?: string | null;
            hint?: string | null;
            /** @description What it says that it has (the first hundreds). */
            listed: string[];
            /** @description What happened, in words. */
            message: string;
            /** @description It answered, and took the key if there is one. */
            ok: boolean;
        };
        /** @description Adds a provider of models, or changes one. */
        PutProvider: components["schemas"]["ProviderSettings"] & {
            /** @description Absent: the key that is kept stays, as long as the address does. It is never told to anybody again. */
            key?: string | null;
        };
        /** @description Names a server. */
        PutToolServer: {
            /** @description As it would stand in an `mcp.json`: `command`, `args` and `env`, or `url` and `headers`. `${NAME}` stands for a secret. */
            entry: Record<string, never>;
        };
        /** @description A question that waits for its answer. */
        Question: {
            /** @description What allowing it for this session would allow from then on. */
            for_session: components["schemas"]["Grant"];
            /**
             * @description Names exactly what would run: an answer has to say it. It covers the session, the run, the call, the tool and its arguments,
             *     the directory of the workspace, the environment, the network and the mode of the session. It does not cover what the files
             *     hold that a command names.
             */
            hash: string;
            /** @description Why it is asked, in words for people. */
            why: string;
        };
        /** @description A prompt that waits. */
        QueuedPrompt: {
            by: string;
            id: components["schemas"]["PromptId"];
            text: string;
            when_busy: components["schemas"]["WhenBusy"];
        };
        /**
         * @description Whose budget it is.
         * @enum {string}
         */
        Reach: "run" | "session" | "key" | "key_day" | "day";
        /** @description A bound of a budget that was come near to, or reached. */
        Reached: {
            bound: components["schemas"]["Bound"];
            /**
             * Format: int64
             * @description What may be.
             */
            limit?: number;
            /** @description Whose budget it is. */
            of?: components["schemas"]["Reach"];
            /**
             * Format: int64
             * @description What was used: steps, tokens, millionths of a US dollar, or seconds.
             */
            used?: number;
        };
        /** @description Whether the server can take work, and what is less than it could be. */
        Readiness: {
            ready: boolean;
            reasons: components["schemas"]["Reason"][];
        };
        Reason: {
            /** @description A stable name: `store`, `memory_limit`. */
            name: string;
            state: components["schemas"]["FindingState"];
            text: string;
        };
        /** @description A file that was received. */
        ReceivedFile: {
            /** @description Its path from the workspace's top. */
            path: string;
            /** Format: int64 */
            size: number;
        };
        /** @enum {string} */
        RecordAction: "start" | "stop";
        /** @description Begins to record a session's desktop, or stops. */
        RecordRequest: {
            action: components["schemas"]["RecordAction"];
            /** @description Also while a person drives. Otherwise nothing is kept meanwhile. */
            while_driven?: boolean;
        };
        /** @description A part of a recording that is shown from its beginning. */
        RecordedSegment: {
            /** Format: int64 */
            bytes: number;
            from: components["schemas"]["Timestamp"];
            /** Format: int64 */
            number: number;
            /** @description When something last changed in it. */
            to: components["schemas"]["Timestamp"];
        };
        /** @description That a desktop is recorded. Nothing is written while nothing changes on it, or while it does not run. */
        Recording: {
            since: components["schemas"]["Timestamp"];
            /** @description Also while a person drives. */
            while_driven: boolean;
        };
        /** @description What was recorded of a session's desktop, oldest first. */
        RecordingList: {
            /**
             * Format: int64
             * @description How many older segments were removed to keep the recording within its bound.
             */
            dropped: number;
            items: components["schemas"]["RecordedSegment"][];
        };
        /** @description Nothing is recorded while a person drives. */
        RecordingPaused: Record<string, never>;
        /** @description The recording goes on. */
        RecordingResumed: Record<string, never>;
        /** @description From now on what happens on the desktop is recorded. */
        RecordingStarted: {
            by: string;
            /** @description Also while a person drives. */
            while_driven?: boolean;
        };
        /** @description The desktop is recorded no longer. What was recorded stays. */
        RecordingStopped: {
            by: string;
        };
        /** @description Writes a fact down. */
        RememberFact: {
            session?: components["schemas"]["SessionId"] | null;
            /** @description One line of at most 400 characters. */
            text: string;
        };
        RenameSession: {
            title: string;
        };
        /** @description Answers in words what the agent asked in words. */
        Reply: {
            text: string;
        };
        ReplyFrame: {
            /** @description The call that asks. */
            reply: components["schemas"]["CallId"];
            session: components["schemas"]["SessionId"];
            text: string;
        };
        /** @description What the workspace is to be again. */
        RestoreRequest: {
            /** @description Only this file. */
            path?: string | null;
            snapshot: string;
        };
        /**
         * @description One line of a policy: what it is about, and what it says. All that it names has to fit. In patterns `*` stands for any run of
         *     characters.
         */
        Rule: {
            /**
             * @description The command, word by word; a `*` at the end stands for all further words. The command is taken apart as a shell would, and
             *     each of its parts is judged; what depends on more than its words is asked about.
             */
            command?: string | null;
            /** @description The host that the call's address names. */
            host?: string | null;
            /** @description The file or directory: relative to the workspace, or from the root. `**` stands for any number of directories. */
            path?: string | null;
            /** @description The tool. */
            tool?: string;
            verdict: components["schemas"]["Verdict"];
        };
        /** @description A run is over. */
        RunFinished: {
            result: components["schemas"]["RunResult"];
            run: components["schemas"]["RunId"];
            /** Format: int32 */
            steps: number;
            usage: components["schemas"]["Usage"];
        };
        /**
         * Format: uuid
         * @description A run: it carries the id of the prompt that it works on.
         */
        RunId: string;
        /** @description How a run ended. */
        RunResult: {
            /** @enum {string} */
            outcome: "completed";
        } | {
            /** @enum {string} */
            outcome: "cancelled";
        } | (components["schemas"]["Reached"] & {
            /** @enum {string} */
            outcome: "budget_reached";
        }) | {
            code: string;
            hint: string;
            message: string;
            /** @enum {string} */
            outcome: "failed";
        };
        /** @description A run takes up a prompt. */
        RunStarted: {
            run: components["schemas"]["RunId"];
        };
        /** @description A run, while it is under way. */
        RunView: {
            /** @description Calls without a result yet. */
            calls: components["schemas"]["OpenCall"][];
            cancelling: boolean;
            id: components["schemas"]["RunId"];
            started_at: components["schemas"]["Timestamp"];
            /** Format: int32 */
            steps: number;
            usage: components["schemas"]["Usage"];
        };
        /** @description Something that people said. */
        Said: {
            /**
             * Format: int64
             * @description Where in the log it was said.
             */
            at: number;
            text: string;
        };
        /** @description The sandbox is closed, on purpose or not. */
        SandboxClosed: {
            /** @description The names of the processes that sleep ended. */
            ended?: string[];
            why: components["schemas"]["SandboxEnd"];
        };
        /**
         * @description Why a sandbox closed.
         * @enum {string}
         */
        SandboxEnd: "slept" | "lost" | "ended" | "mode_changed";
        /** @description Everything in the sandbox stands still: the machine has not enough left to go on. The run's clock stands still too. */
        SandboxHeld: {
            code: string;
            text: string;
        };
        /** @description The sandbox is open: the agent has hands. */
        SandboxOpened: {
            driver: string;
            /** @description What the driver could not enforce or find here, in words. */
            warnings?: string[];
        };
        /** @description What stood still in the sandbox goes on. */
        SandboxReleased: Record<string, never>;
        /** @enum {string} */
        SandboxState: "closed" | "open";
        /**
         * @description What a key may do. The words are the same in the page, the command line and the interfaces.
         * @enum {string}
         */
        Scope: "view" | "operate" | "approve" | "admin";
        /** @description What was found. */
        SearchResults: {
            items: components["schemas"]["Found"][];
        };
        /** @description Sends a prompt. */
        SendPrompt: {
            /** @description Files that come with it, by their path in the workspace. */
            attachments?: string[];
            id?: components["schemas"]["PromptId"] | null;
            text: string;
            when_busy?: components["schemas"]["WhenBusy"];
        };
        /** @description What the server says. */
        ServerFrame: {
            session: components["schemas"]["SessionId"];
            snapshot: components["schemas"]["Snapshot"];
            /** @enum {string} */
            type: "snapshot";
        } | {
            event: components["schemas"]["Event"];
            /** @enum {string} */
            type: "event";
        } | {
            delta: components["schemas"]["Delta"];
            session: components["schemas"]["SessionId"];
            /** @enum {string} */
            type: "delta";
        } | {
            /** @enum {string} */
            type: "watching";
        } | {
            session: components["schemas"]["SessionId"];
            summary: components["schemas"]["SessionSummary"];
            /** @enum {string} */
            type: "summary";
        } | {
            session: components["schemas"]["SessionId"];
            /** @enum {string} */
            type: "removed";
        } | {
            code: string;
            hint: string;
            message: string;
            session?: components["schemas"]["SessionId"] | null;
            /** @enum {string} */
            type: "error";
        } | {
            /** @description The call, or the number of the question about a host, as it was sent. */
            question: string;
            session: components["schemas"]["SessionId"];
            /** @enum {string} */
            type: "answered";
        } | {
            /** Format: int64 */
            ping: number;
            /** @enum {string} */
            type: "pong";
        };
        /** @description The bounds of this server that clients meet. */
        ServerLimits: {
            attachments: number;
            body_bytes: number;
            follows_per_socket: number;
            prompt_bytes: number;
            sockets_per_key: number;
            /** Format: int64 */
            upload_bytes: number;
        };
        ServerMemory: {
            /** Format: int64 */
            open_files: number;
            /**
             * Format: int64
             * @description What the server itself holds, without sandboxes.
             */
            resident_bytes: number;
        };
        /** @description What the server is and how it does. */
        ServerStatus: {
            agents: components["schemas"]["AgentInfo"][];
            /** @description Sessions with work under way or just done. */
            awake: number;
            default_model: string;
            environments: components["schemas"]["EnvironmentInfo"][];
            /** @description What this machine can and cannot do. */
            findings: components["schemas"]["Finding"][];
            /** @description Streams that follow a session. */
            followers: number;
            limits: components["schemas"]["ServerLimits"];
            listeners: components["schemas"]["Listener"][];
            memory: components["schemas"]["ServerMemory"];
            models: components["schemas"]["ModelInfo"][];
            sandboxes: number;
            /** @description How many sessions there are of each status; those that the caller may see. */
            sessions: components["schemas"]["StatusCount"][];
            started_at: components["schemas"]["Timestamp"];
            /** Format: int64 */
            uptime_seconds: number;
            version: string;
            /** @description Desktops can be had at ports of their own. */
            vnc_ports?: boolean;
        };
        /** @description The roles that other contracts call by the product that fills them elsewhere. */
        Services: {
            /** @description Sandboxes work. */
            docker: boolean;
            /** @description State and queue work. */
            redis: boolean;
            /** Format: int64 */
            workers: number;
        };
        /** @description The session was made. Always the first event. */
        SessionCreated: {
            spec: components["schemas"]["SessionSpec"];
        };
        /** @description The session has ended. Its conversation and files stay. */
        SessionEnded: {
            reason: components["schemas"]["EndReason"];
        };
        /** @description The session begins to end. */
        SessionEnding: {
            by?: string | null;
            reason: components["schemas"]["EndReason"];
        };
        /** @description Something a person can act on keeps the session from working. */
        SessionFailed: {
            code: string;
            hint: string;
            message: string;
        };
        /** @description From here on the session goes its own way: everything before happened in another one, under the same numbers. */
        SessionForked: {
            /**
             * Format: int64
             * @description The last event that both have.
             */
            at: number;
            by: string;
            /** Format: int64 */
            files: number;
            from: components["schemas"]["SessionId"];
            /** @description What the session says to hosts of its own. What people allowed in the other one is not allowed here. */
            hosts?: components["schemas"]["HostRule"][];
            kept_at?: number | null;
            /** @description What stands in the workspace. */
            snapshot: components["schemas"]["String"];
            title: string;
        };
        /**
         * Format: uuid
         * @description A session.
         */
        SessionId: string;
        /**
         * @description How a session lives.
         * @enum {string}
         */
        SessionKind: "chat" | "task" | "project";
        /** @description A page of sessions, the one with the newest activity first. */
        SessionList: {
            items: components["schemas"]["SessionSummary"][];
            /** @description Give this as `cursor` to get the next page; absent on the last. */
            next?: string | null;
        };
        /** @description Its title was changed by a person, or made from the first prompt. */
        SessionRenamed: {
            /** @description Its first prompt's first words, until there is something better. */
            from_prompt?: boolean;
            title: string;
        };
        /** @description A failed session is tried again. */
        SessionRetried: {
            by: string;
        };
        /** @description Everything that is decided when a session is made. */
        SessionSpec: {
            /** @description Which brain works: `holt` is the built-in one. */
            agent: string;
            /** @description The policies that the session's own may not go beyond: of the key that made it, of its agent's definition. */
            bounds?: components["schemas"]["Policy"][];
            browser_profile?: components["schemas"]["ProfileName"] | null;
            budget: components["schemas"]["Budget"];
            definition?: components["schemas"]["AgentDefinition"] | null;
            desktop?: components["schemas"]["DesktopSpec"];
            /** @description Which preset of programs and variables the sandbox has. */
            environment: string;
            expires_at?: components["schemas"]["Timestamp"] | null;
            /** @description What it says to hosts of its own, before what `network` says. */
            hosts?: components["schemas"]["HostRule"][];
            /**
             * Format: int64
             * @description For how long after it was last used a process that was left running keeps it from sleeping.
             */
            keep_awake_seconds?: number;
            key?: components["schemas"]["KeyId"] | null;
            kind: components["schemas"]["SessionKind"];
            limits: components["schemas"]["Limits"];
            /** @description The mode that it begins in. */
            mode?: components["schemas"]["Mode"];
            /** @description Which model the brain uses, when it uses one of Holt's. */
            model: string;
            network?: components["schemas"]["Network"];
            /** @description Which interface made it; native ones say `holt`. */
            origin: string;
            owner: components["schemas"]["OwnerId"];
            policy: components["schemas"]["Policy"];
            /** @description What happens on the desktop is recorded from the beginning. */
            record_desktop?: boolean;
            rules?: components["schemas"]["KeyRules"] | null;
            /** @description What all its runs may use together. */
            session_budget?: components["schemas"]["Allowance"];
            /**
             * Format: int64
             * @description How long it may sit idle before its sandbox is closed to give the memory back.
             */
            sleep_after_seconds: number;
            source?: components["schemas"]["Source"] | null;
            title: string;
            workspace: components["schemas"]["WorkspaceSpec"];
        };
        /** @description A model said what the session is about. */
        SessionSummarized: {
            model: string;
            /** @description What was done, in a line. */
            summary: string;
            /** @description Its title, unless a person gave it one. */
            title?: string | null;
            usage: components["schemas"]["Usage"];
        };
        /** @description A session in a list. */
        SessionSummary: {
            created_at: components["schemas"]["Timestamp"];
            id: components["schemas"]["SessionId"];
            kind: components["schemas"]["SessionKind"];
            /** Format: int64 */
            last_seq: number;
            origin: string;
            owner: components["schemas"]["OwnerId"];
            removed_at?: components["schemas"]["Timestamp"] | null;
            status: components["schemas"]["Status"];
            /** @description What was done in it, in a line, as a model says it. */
            summary?: string;
            title: string;
            updated_at: components["schemas"]["Timestamp"];
        };
        /** @description Changes what a session may use from now on. What is absent stays. */
        SetBudget: {
            budget?: components["schemas"]["Budget"] | null;
            session_budget?: components["schemas"]["Allowance"] | null;
        };
        /** @description Changes how freely the agent works. */
        SetMode: {
            mode: components["schemas"]["Mode"];
        };
        /** @description Exchanges a one-use code for a key. */
        SignIn: {
            code: string;
            /** @description What the key will be called; made from the browser's name when absent. */
            name?: string | null;
        };
        /** @description A one-use sign-in code, and the link that carries it. */
        SignInCode: {
            code: string;
            expires_at: components["schemas"]["Timestamp"];
            url: string;
        };
        /** @description The session would have slept, but something still runs in it. */
        SleepPostponed: {
            /** @description The names of the processes that run. */
            processes?: string[];
            until: components["schemas"]["Timestamp"];
            /** @description Somebody looks at its desktop or at a terminal. */
            watched?: boolean;
            why: string;
        };
        /** @description A session as it is now: everything but its history, which is read in pages. */
        Snapshot: {
            agent: string;
            artifacts: components["schemas"]["Artifact"][];
            before_run?: components["schemas"]["String"] | null;
            /** @description The policies that the session's own may not go beyond. */
            bounds?: components["schemas"]["Policy"][];
            /** @description What each run may use. */
            budget: components["schemas"]["Budget"];
            compaction?: components["schemas"]["CompactionPlace"] | null;
            control?: components["schemas"]["Control"] | null;
            created_at: components["schemas"]["Timestamp"];
            /** @description The name of the agent's definition, when it has one. */
            definition?: string | null;
            desktop: components["schemas"]["DesktopSpec"];
            ended?: components["schemas"]["EndReason"] | null;
            environment: string;
            expires_at?: components["schemas"]["Timestamp"] | null;
            failure?: components["schemas"]["Failure"] | null;
            fetched?: components["schemas"]["Fetched"] | null;
            forked_from?: components["schemas"]["ForkedFrom"] | null;
            /** @description What people allowed for as long as the session lives. */
            grants?: components["schemas"]["KeptGrant"][];
            held?: components["schemas"]["Held"] | null;
            /** @description Hosts that something inside waits to reach, and that people are asked about. */
            host_questions?: components["schemas"]["HostQuestion"][];
            /** @description What it says to hosts of its own, before what `network` says. */
            hosts?: components["schemas"]["HostRule"][];
            id: components["schemas"]["SessionId"];
            key?: components["schemas"]["KeyId"] | null;
            kind: components["schemas"]["SessionKind"];
            /**
             * Format: int64
             * @description The last event that this snapshot contains. A feed goes on with the next.
             */
            last_seq: number;
            limits: components["schemas"]["Limits"];
            /** @description How freely the agent works now. */
            mode?: components["schemas"]["Mode"];
            model: string;
            network?: components["schemas"]["Network"];
            origin: string;
            owner: components["schemas"]["OwnerId"];
            page?: components["schemas"]["Page"] | null;
            /** @description Text of what is being written right now. */
            partial: components["schemas"]["Delta"][];
            /** @description What the agent means to do. */
            plan?: components["schemas"]["PlanItem"][];
            policy: components["schemas"]["Policy"];
            /** @description Prompts that wait, in their order. */
            queue: components["schemas"]["QueuedPrompt"][];
            recording?: components["schemas"]["Recording"] | null;
            removed_at?: components["schemas"]["Timestamp"] | null;
            rules?: components["schemas"]["KeyRules"] | null;
            run?: components["schemas"]["RunView"] | null;
            sandbox: components["schemas"]["SandboxState"];
            /** @description What all runs may use together. */
            session_budget?: components["schemas"]["Allowance"];
            snapshot?: components["schemas"]["String"] | null;
            source?: components["schemas"]["Source"] | null;
            /** @description What it has spent of its budget. */
            spent?: components["schemas"]["Spent"];
            status: components["schemas"]["Status"];
            /** @description What was done in it, in a line, as a model says it. */
            summary?: string;
            title: string;
            updated_at: components["schemas"]["Timestamp"];
            /** @description What all runs used together. */
            usage: components["schemas"]["Usage"];
            workspace: components["schemas"]["WorkspaceSpec"];
        };
        /** @description A snapshot that was taken. */
        SnapshotInfo: {
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            files: number;
            id: components["schemas"]["String"];
            /**
             * Format: int64
             * @description How many files were too large or too many.
             */
            left_out?: number;
        };
        /** @description Snapshots of a workspace, newest first. */
        SnapshotList: {
            items: components["schemas"]["TakenSnapshot"][];
            /**
             * Format: int64
             * @description Where older ones are to be looked for, when there may be some.
             */
            next?: number | null;
        };
        /** @description What stands in the workspace was kept, as it was then. */
        SnapshotTaken: {
            snapshot: components["schemas"]["SnapshotInfo"];
        };
        Source: {
            /** @description A branch or a tag; the repository's own choice when absent. */
            branch?: string | null;
            /** @enum {string} */
            type: "git";
            /** @description `https://host/path`. Without a name or a password in it: a secret is kept for the host. */
            url: string;
        };
        /** @description What the session works on was fetched into its workspace. */
        SourceFetched: {
            fetched: components["schemas"]["Fetched"];
            source: components["schemas"]["Source"];
        };
        /** @description What was spent of a budget, in what budgets are counted in. */
        Spent: {
            /** Format: int64 */
            cost_micros: number;
            /**
             * Format: int64
             * @description Milliseconds of work.
             */
            millis: number;
            /** Format: int64 */
            steps: number;
            /**
             * Format: int64
             * @description In and out together.
             */
            tokens: number;
            /** @description Some of it has no known price, so that it cost more than `cost_micros` says. */
            unpriced?: boolean;
        };
        /**
         * @description The one word that says how a session is. Every contract's status words are a view of it.
         * @enum {string}
         */
        Status: "idle" | "running" | "waiting" | "asleep" | "ending" | "ended" | "failed";
        StatusCount: {
            /** Format: int64 */
            count: number;
            status: components["schemas"]["Status"];
        };
        /**
         * @description Why a model stopped.
         * @enum {string}
         */
        StopReason: "finished" | "calls" | "length" | "refused";
        String: string;
        SwitchToolServer: {
            on: boolean;
        };
        /** @description A snapshot of a workspace, and where in the log it was taken. */
        TakenSnapshot: {
            at: components["schemas"]["Timestamp"];
            /** Format: int64 */
            seq: number;
            snapshot: components["schemas"]["SnapshotInfo"];
        };
        /** @description A terminal as people see it. */
        Terminal: {
            /** @description Who opened it. */
            by: string;
            exit?: components["schemas"]["TerminalExit"] | null;
            id: components["schemas"]["TerminalId"];
            /**
             * Format: int64
             * @description The first byte of what it put out that is kept.
             */
            kept_from: number;
            /** @description It was opened with the caller's key. */
            mine: boolean;
            opened_at: components["schemas"]["Timestamp"];
            /** @description Everybody who sees the session sees it, and types in it if they may operate. Otherwise only the key that opened it does. */
            shared: boolean;
            size: components["schemas"]["TerminalSize"];
            title: string;
            /**
             * Format: int64
             * @description How many bytes it has put out.
             */
            written: number;
        };
        /** @description What a viewer of a terminal says in text. What is typed it says in binary frames. */
        TerminalClientFrame: {
            /** Format: int32 */
            cols: number;
            /** Format: int32 */
            rows: number;
            /** @enum {string} */
            type: "resize";
        } | {
            /** Format: int64 */
            offset: number;
            /** @enum {string} */
            type: "shown";
        };
        /** @description A terminal was closed. One that is open when the sandbox closes goes without a word of its own. */
        TerminalClosed: {
            by: string;
            exit?: components["schemas"]["TerminalExit"] | null;
            terminal: components["schemas"]["TerminalId"];
        };
        /** @description How the program of a terminal ended. */
        TerminalExit: {
            /** Format: int32 */
            code: number;
            /** @enum {string} */
            how: "code";
        } | {
            /** @enum {string} */
            how: "signal";
            /** Format: int32 */
            signal: number;
        } | {
            /** @enum {string} */
            how: "lost";
        };
        /**
         * Format: uuid
         * @description A terminal in a sandbox. Chosen by the server.
         */
        TerminalId: string;
        /** @description The terminals that the caller may see, oldest first. */
        TerminalList: {
            items: components["schemas"]["Terminal"][];
        };
        /** @description A person opened a terminal. What is typed and shown there is nowhere in the log. */
        TerminalOpened: {
            by: string;
            /** @description Everybody who sees the session sees it too. */
            shared: boolean;
            terminal: components["schemas"]["TerminalId"];
        };
        /** @description What the server says to a viewer of a terminal in text. What the terminal puts out comes in binary frames. */
        TerminalServerFrame: {
            /** Format: int64 */
            offset: number;
            screen: boolean;
            size: components["schemas"]["TerminalSize"];
            /** @enum {string} */
            type: "attached";
            writable: boolean;
        } | {
            /** Format: int64 */
            offset: number;
            size: components["schemas"]["TerminalSize"];
            /** @enum {string} */
            type: "behind";
        } | {
            size: components["schemas"]["TerminalSize"];
            /** @enum {string} */
            type: "resized";
        } | {
            /** @enum {string} */
            type: "not_taken";
        } | {
            exit: components["schemas"]["TerminalExit"];
            /** @enum {string} */
            type: "exited";
        } | {
            /** @enum {string} */
            type: "closed";
        };
        /** @description How large a terminal is, in characters. */
        TerminalSize: {
            /** Format: int32 */
            cols: number;
            /** Format: int32 */
            rows: number;
        };
        /** @description What a server says of itself now. */
        TestedServer: {
            /** @description What is new or in other words than somebody agreed to, or is not there any more. */
            changed: string[];
            /** @description Stands for all of it. */
            fingerprint: string;
            /** @description How many more it has that are not taken: too many, too large, or not to be called. */
            left_out: number;
            tools: components["schemas"]["ToolBrief"][];
        };
        /** @description Add `ticket=` with this to the query of the one request that it is for. */
        Ticket: {
            expires_at: components["schemas"]["Timestamp"];
            ticket: string;
        };
        /**
         * Format: int64
         * @description Milliseconds since 1970 in UTC.
         */
        Timestamp: number;
        /** @description A tool of a server, in its own words: hostile. */
        ToolBrief: {
            description: string;
            name: string;
        };
        /** @description One part of what a tool answers. */
        ToolContent: {
            text: string;
            /** @enum {string} */
            type: "text";
        } | {
            data: string;
            media_type: string;
            /** @enum {string} */
            type: "image";
        };
        ToolServer: {
            /** @description Somebody has agreed to what it says of itself, and it is still the same entry. */
            agreed: boolean;
            /** @description It runs in a sandbox of its own, because it holds a secret. */
            apart: boolean;
            description: string;
            /** @description Its package is here. */
            fetched: boolean;
            name: string;
            /** @description It is offered, if somebody has agreed to it. */
            on: boolean;
            /** @description The package that its program is in, if it is in one. */
            package?: string | null;
            /** @description Its command, or its address, as it stands in the file: secrets by their names. */
            reached_by: string;
            /** @description The secrets that it needs, and whether they are kept. */
            secrets: components["schemas"]["NeededSecret"][];
            /** @description What somebody has agreed to. */
            tools: components["schemas"]["ToolBrief"][];
        };
        /** @description Every server that is named, and what people should know of the file. */
        ToolServerList: {
            notices: components["schemas"]["ToolServerNotice"][];
            servers: components["schemas"]["ToolServer"][];
        };
        ToolServerNotice: {
            /** @description Stable. */
            code: string;
            server?: string | null;
            text: string;
        };
        Unfollow: {
            unfollow: components["schemas"]["SessionId"];
        };
        Unwatch: {
            unwatch: components["schemas"]["Watched"];
        };
        /** @description What was used. */
        Usage: {
            /**
             * Format: int64
             * @description The part of the input that a provider's cache served.
             */
            cached_tokens?: number;
            /** Format: int64 */
            cost_micros?: number;
            /** Format: int64 */
            input_tokens: number;
            /** Format: int64 */
            output_tokens: number;
            /** @description Some of it has no known price, so that it cost more than `cost_micros` says, and nobody knows how much. */
            unpriced?: boolean;
        };
        /**
         * @description What a policy says to a call, the milder first.
         * @enum {string}
         */
        Verdict: "allow" | "ask" | "deny";
        /** @description A session's desktop at a port of its own. */
        VncAddress: {
            /** @description Whether `vnc_url` lets its holder drive. */
            drive: boolean;
            /** Format: int32 */
            port: number;
            /** @description Opens the desktop for whoever has it, as long as the session and the key that asked for it are valid: a secret. */
            vnc_url: string;
        };
        Watch: {
            watch: components["schemas"]["Watched"];
        };
        /**
         * @description What can be watched.
         * @enum {string}
         */
        Watched: "sessions";
        /**
         * @description What to do with a prompt when a run is under way.
         * @enum {string}
         */
        WhenBusy: "queue" | "steer" | "interrupt" | "refuse";
        /** @description The workspace, or one file of it, was made what it was in a snapshot. */
        WorkspaceRestored: {
            by: string;
            /**
             * Format: int64
             * @description How many files were written or removed.
             */
            files: number;
            /** @description The one file; absent when it was all. */
            path?: string | null;
            snapshot: components["schemas"]["String"];
        };
        /** @description Where the agent works. */
        WorkspaceSpec: {
            /** @enum {string} */
            type: "managed";
        } | {
            path: string;
            /** @enum {string} */
            type: "directory";
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    index: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is where. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Index"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    docs_page: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The documentation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    docs_json: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The description. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It works, perhaps with less than it could. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description It does not work. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    read_metrics_json: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    mcp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A message of the protocol. */
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description The answer, as JSON or as a stream of events. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description A notification was taken. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    read_metrics: {
        parameters: {
            query?: {
                /** @description `json` for JSON whatever the client accepts. */
                format?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                    "text/plain": string;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The description. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description It cannot. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    swagger_page: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The documentation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    swagger_json: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The description. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_agents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The definitions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    keep_agent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The agent. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AgentDefinition"];
            };
        };
        responses: {
            /** @description It is kept. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListedAgent"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    forget_agent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The agent. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    open_feed: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The socket; its frames are `ClientFrame` and `ServerFrame`. */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_host_secrets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The hosts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HostSecretList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    keep_host_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A name, and `:port` when that is not 443. */
                host: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeepHostSecret"];
            };
        };
        responses: {
            /** @description It is kept. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    forget_host_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As it was kept. */
                host: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is forgotten. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All keys. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    create_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateKey"];
            };
        };
        responses: {
            /** @description The key. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedKey"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    revoke_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The key's id. */
                id: components["schemas"]["KeyId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is revoked. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_tool_servers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The servers. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolServerList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    put_tool_server: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The server's name. */
                server: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutToolServer"];
            };
        };
        responses: {
            /** @description It stands in the file. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remove_tool_server: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The server's name. */
                server: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    agree_tool_server: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The server's name. */
                server: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AgreeToolServer"];
            };
        };
        responses: {
            /** @description Its tools are offered from the next run on. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    fetch_tool_server: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The server's name. */
                server: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is here. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    keep_tool_server_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The server's name. */
                server: string;
                /** @description The secret's name, as the file has it. */
                secret: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeepSecret"];
            };
        };
        responses: {
            /** @description It is kept. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    switch_tool_server: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The server's name. */
                server: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SwitchToolServer"];
            };
        };
        responses: {
            /** @description So it is. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    test_tool_server: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The server's name. */
                server: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description In its own words. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TestedServer"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    who_am_i: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_facts: {
        parameters: {
            query?: {
                /** @description Only what counts, or waits to count, in this session's workspace. */
                session?: components["schemas"]["SessionId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The facts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FactList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remember_fact: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RememberFact"];
            };
        };
        responses: {
            /** @description It is kept. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Fact"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    forget_fact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its number. */
                fact: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    change_fact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its number. */
                fact: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeFact"];
            };
        };
        responses: {
            /** @description It is kept. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Fact"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_providers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All providers. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    put_provider: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description What the provider is called, such as `openai` or `my-server`. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutProvider"];
            };
        };
        responses: {
            /** @description The provider. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderInfo"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remove_provider: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is removed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    test_provider: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The provider. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What came of it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderTest"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_profiles: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description By name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProfileList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remove_profile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The profile's name. */
                name: components["schemas"]["ProfileName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    search: {
        parameters: {
            query?: {
                /** @description Words that all have to be there, each from its beginning. */
                q?: string;
                /** @description 1 to 100. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was found. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchResults"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_sessions: {
        parameters: {
            query?: {
                /** @description Only sessions of these statuses, with commas between. */
                status?: string;
                /** @description Only sessions whose title contains this. */
                q?: string;
                /** @description Only sessions that were made through this interface; `all` for every one. */
                origin?: string;
                /** @description `next` of the page before. */
                cursor?: string;
                /** @description 1 to 200. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the list. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    create_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSession"];
            };
        };
        responses: {
            /** @description The session. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    get_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remove_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    rename_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenameSession"];
            };
        };
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    answer_question: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The call that waits. */
                call: components["schemas"]["CallId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Answer"];
            };
        };
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    download_archive: {
        parameters: {
            query?: {
                /** @description A directory of the workspace; its top when absent. */
                path?: string;
            };
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The archive. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/zip": string;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_artifacts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What there is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    download_artifact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The artifact. */
                artifact: components["schemas"]["ArtifactId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description The part that was asked for. */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_budgets: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The budgets. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BudgetList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    set_budgets: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetBudget"];
            };
        };
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    cancel_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    get_compaction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What stands for it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextCompacted"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    compact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    undo_compaction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    move_control: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ControlRequest"];
            };
        };
        responses: {
            /** @description The session; `control` says who drives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    watch_desktop: {
        parameters: {
            query?: {
                /** @description From where it is looked at: the id with which control is taken. Without it, this viewer only watches. */
                client?: components["schemas"]["ClientId"];
            };
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The socket; its binary frames are a stream of RFB. */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    create_directory: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateDirectory"];
            };
        };
        responses: {
            /** @description It is there. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreateDirectory"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    read_events: {
        parameters: {
            query?: {
                /** @description Only events after this one. */
                after?: number;
                /** @description Only events before this one: the page nearest to it. */
                before?: number;
                /** @description 1 to 1000. */
                limit?: number;
            };
            header?: {
                /** @description The last event that the client has, when it follows. */
                "Last-Event-ID"?: number | null;
            };
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or the stream. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                    "text/event-stream": string;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_files: {
        parameters: {
            query?: {
                /** @description A directory of the workspace; its top when absent. */
                path?: string;
            };
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What stands in it: directories first, then by name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    read_file: {
        parameters: {
            query?: {
                /** @description Show it in place rather than save it: pictures and text only. */
                inline?: boolean;
            };
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The file's path from the workspace's top. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description The part that was asked for. */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    write_file: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The file's path from the workspace's top. */
                path: string;
            };
            cookie?: never;
        };
        /** @description The bytes. */
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description It is there. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceivedFile"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    remove_file: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description Its path from the workspace's top. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    fork_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForkSession"];
            };
        };
        responses: {
            /** @description The new session. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    revoke_grant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The `id` of the grant. */
                grant: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    answer_host: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The question's number; the snapshot's `host_questions` has it. */
                question: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HostAnswer"];
            };
        };
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    set_mode: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetMode"];
            };
        };
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    set_network: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NetworkRequest"];
            };
        };
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_previews: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Previews, and ports. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreviewList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    open_preview: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OpenPreview"];
            };
        };
        responses: {
            /** @description The preview. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    close_preview: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The preview. */
                preview: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is closed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    send_prompt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SendPrompt"];
                "multipart/form-data": components["schemas"]["PromptForm"];
            };
        };
        responses: {
            /** @description What became of it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PromptReceipt"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    withdraw_prompt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The prompt. */
                prompt: components["schemas"]["PromptId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    reply_in_words: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The call that waits. */
                call: components["schemas"]["CallId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reply"];
            };
        };
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_recording: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The parts, oldest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordingList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    record: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecordRequest"];
            };
        };
        responses: {
            /** @description The session; `recording` says whether it is recorded. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    download_segment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The number of the part. */
                segment: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description The part that was asked for. */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    restore: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestoreRequest"];
            };
        };
        responses: {
            /** @description The session afterwards. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    retry_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    screenshot: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": number[];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    sleep_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_snapshots: {
        parameters: {
            query?: {
                /** @description Only those that were taken before this event. */
                before?: number;
            };
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The snapshots, and where to go on. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SnapshotList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_changes: {
        parameters: {
            query?: {
                /** @description The snapshot to compare with; absent: with nothing. */
                since?: string;
            };
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The snapshot. */
                snapshot: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was added, changed and removed, by path. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changes"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    diff_file: {
        parameters: {
            query: {
                /** @description The file's path from the workspace's top. */
                path: string;
                /** @description The snapshot to compare with; absent: with nothing. */
                since?: string;
            };
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The snapshot. */
                snapshot: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What changed, with what stands around it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileDiff"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    read_snapshot_file: {
        parameters: {
            query: {
                /** @description The file's path from the workspace's top. */
                path: string;
                /** @description Show it in place rather than save it: pictures and text only. */
                inline?: boolean;
            };
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The snapshot. */
                snapshot: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description The part that was asked for. */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    stop_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    list_terminals: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The terminals, oldest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TerminalList"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    open_terminal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OpenTerminal"];
            };
        };
        responses: {
            /** @description The terminal. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Terminal"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    close_terminal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The terminal. */
                terminal: components["schemas"]["TerminalId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is closed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    change_terminal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The terminal. */
                terminal: components["schemas"]["TerminalId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeTerminal"];
            };
        };
        responses: {
            /** @description The terminal. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Terminal"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    watch_terminal: {
        parameters: {
            query?: {
                /**
                 * @description The byte after the last one that was seen: output goes on there, if the terminal still has it. Without it, the screen
                 *     is drawn as it is.
                 */
                from?: number;
            };
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
                /** @description The terminal. */
                terminal: components["schemas"]["TerminalId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The socket. */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    session_usage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What it uses. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Measurement"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    open_vnc: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OpenVnc"];
            };
        };
        responses: {
            /** @description Where it is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VncAddress"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    wake_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    sign_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description The key. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedKey"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    create_sign_in_code: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The link and its code. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInCode"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerStatus"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    create_ticket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateTicket"];
            };
        };
        responses: {
            /** @description The ticket. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ticket"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    watch_desktop_as_vnc: {
        parameters: {
            query?: {
                /** @description From where it is looked at: the id with which control is taken. Without it, this viewer only watches. */
                client?: components["schemas"]["ClientId"];
            };
            header?: never;
            path: {
                /** @description The session. */
                id: components["schemas"]["SessionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The socket; its binary frames are a stream of RFB. */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
}
