# Reads `go test -v` and shows what matters: a line for each package, whole
# output of what failed, and at the end how many tests there were. Skipped tests
# go, with their reason, into the file named by -v skipped=FILE.

BEGIN { printf "" > skipped }

# go test says whose output follows, also when tests run in parallel.
/^=== (RUN|CONT|NAME|PAUSE)/ { current = $3; next }

/^ *--- SKIP: / {
	skips++
	print $3 ": " (reason[$3] == "" ? "no reason given" : reason[$3]) >> skipped
	next
}

/^ *--- PASS: / { passes++; delete output[$3]; next }

/^ *--- FAIL: / {
	failures++
	printf "%s\n%s", $0, output[$3]
	next
}

# A package's last line. What is not any test's output (a panic, a compile
# error, a race) is shown when the package failed.
/^(ok  |\?   |FAIL|---)/ {
	if ($1 == "FAIL" && NF > 1) printf "%s", rest
	if ($0 != "FAIL") print
	if (NF > 1) { rest = ""; current = "" }
	next
}

/^(PASS|testing: warning: no tests to run|coverage:)/ { next }

{
	if (current == "" || $0 !~ /^    /) rest = rest $0 "\n" # logs of tests are indented
	if (current != "") output[current] = output[current] $0 "\n"
	if ($0 ~ /^ +[A-Za-z0-9_]+\.go:[0-9]+: /) {
		text = $0
		sub(/^ +[A-Za-z0-9_]+\.go:[0-9]+: /, "", text)
		reason[current] = text
	}
}

END { printf "tests: %d passed, %d failed, %d skipped\n", passes, failures, skips }
