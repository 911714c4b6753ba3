"""One gate run: collect a look, compare, decide, look again; the only place where collecting and deciding meet."""
