# The candidate's side: load its file, then answer calls on descriptors 3 and 4. Never sees the
# tests. Everything of ours is in an environment of its own, so that no name is taken.
local({
    # Compiling our few functions would take longer than all their calls: only the candidate's are.
    jit <- function(level) .Internal(enableJIT(level))
    candidates <- jit(0L)
    here <- dirname(sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L], fixed = TRUE))
    sys.source(file.path(here, "r_values.R"), environment())
    answers <- fifo("/dev/fd/4", "wb", blocking = TRUE)
    read_line <- line_reader("/dev/fd/3")

    send <- function(words) {
        writeBin(charToRaw(paste0(paste(words, collapse = " "), "\n")), answers)
    }
    fail <- function(kind, error) {
        text <- conditionMessage(error)
        cat("Error: ", text, "\n", sep = "", file = stderr())
        send(c(kind, hex_of(charToRaw(substr(enc2utf8(text), 1L, 2000L)))))
    }

    file <- commandArgs(TRUE)[1L]
    program <- tryCatch(parse(file, keep.source = FALSE, encoding = "UTF-8"), error = function(error) {
        fail("syntax", error)
        quit(status = 1L)
    })
    jit(candidates)
    tryCatch(
        for (form in as.list(program)) eval(form, globalenv()),
        error = function(error) {
            fail("error", error)
            quit(status = 1L)
        }
    )
    jit(0L)
    send("loaded")
    while (!is.null(line <- read_line())) {
        if (startsWith(line, "{")) break # asked to finish
        tryCatch(
            {
                words <- strsplit(line, " ")[[1L]]
                given <- decode(words[-1L])
                jit(candidates)
                value <- do.call(text_of(words[1L]), given, envir = globalenv())
                jit(0L)
                send(c("value", encode(value)))
            },
            error = function(error) {
                jit(0L)
                fail("error", error)
            }
        )
    }
    quit(status = 0L)
}, new.env(parent = baseenv()))
