# The judge of R: a warm process that runs the tests of each task in a child of its own. The
# candidate is in another process, and a stand-in for its function asks it line by line.
# One task per line on standard input: a JSON string of words in hexadecimal, the tests first, then
# the names of the functions.
judge <- new.env(parent = globalenv())
local({
    here <- dirname(sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L], fixed = TRUE))
    sys.source(file.path(here, "r_values.R"), environment())
    relay <- fifo("/dev/fd/1", "wb", blocking = TRUE)
    sink(nullfile())
    read_line <- line_reader("/dev/fd/0")

    say <- function(...) writeBin(charToRaw(paste0(..., "\n")), relay)

    # Ends the tests, whatever they would do with an error.
    end <- function(status, trace = "") invokeRestart("end", c(status, trace))

    hear <- function() {
        line <- read_line()
        if (is.null(line) || !startsWith(line, "<")) end("Gone")
        words <- strsplit(substring(line, 2L), " ")[[1L]]
        if (words[1L] == "syntax") end("SyntaxError", text_of(words[2L]))
        words
    }

    ask <- function(name, arguments) {
        say(">", paste(c(hex_of(charToRaw(name)), encode(arguments)), collapse = " "))
        words <- hear()
        if (words[1L] == "value") return(decode(words[-1L]))
        stop(text_of(words[2L]), call. = FALSE)
    }

    run <- function(tests, names) {
        if (hear()[1L] != "loaded") end("Exception", "the program did not load")
        for (name in names) {
            local({
                asked <- name
                assign(asked, function(...) ask(asked, list(...)), globalenv())
            })
        }
        for (form in as.list(parse(text = tests, keep.source = FALSE))) eval(form, globalenv())
        c("OK", "")
    }

    outcome <- function(words) {
        tryCatch(
            withRestarts(run(text_of(words[1L]), vapply(words[-1L], text_of, "")), end = identity),
            error = function(error) c("Exception", conditionMessage(error))
        )
    }

    quoted <- function(text) {
        text <- gsub("[^ -~]", "?", substr(enc2utf8(text), 1L, 4000L))
        gsub('(["\\\\])', "\\\\\\1", text)
    }

    while (!is.null(line <- read_line())) {
        if (!startsWith(line, "\"")) next # a late word of the last candidate
        words <- paste0("x", strsplit(gsub("\"", "", line), " ")[[1L]])
        child <- parallel::mcparallel(outcome(words), silent = TRUE)
        result <- parallel::mccollect(child)[[1L]]
        if (!is.character(result)) result <- c("Exception", "the tests ended early")
        read_line(forget = TRUE)
        say("={\"status\":\"", result[1L], "\",\"trace\":\"", quoted(result[2L]), "\"}")
    }
}, judge)
