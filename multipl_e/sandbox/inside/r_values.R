# Plain values of R as one line of words and back, without R's own serialization, which can carry
# code. Anything else stops. Each value is a letter, its data, and its attributes.

hex_of <- function(bytes) paste0("x", paste(as.character(bytes), collapse = ""))

bytes_of <- function(hex) {
    code <- as.integer(charToRaw(hex))[-1L]
    nibble <- code - 48L - 39L * (code >= 97L)
    odd <- seq_along(nibble) %% 2L == 1L
    as.raw(nibble[odd] * 16L + nibble[!odd])
}

text_of <- function(hex) {
    text <- rawToChar(bytes_of(hex))
    Encoding(text) <- "UTF-8"
    text
}

# Classes whose methods the judge has itself; a value of any other equals no plain value anyway.
known_classes <- c("factor", "ordered", "data.frame", "table", "Date", "matrix")

encode <- function(value, depth = 0L) {
    if (depth > 1000L) stop("a value that is nested too deeply")
    if (is.null(value)) return("N")
    if (isS4(value)) stop("a value of an S4 class cannot be compared")
    attributes <- attributes(value)
    if (!all(attributes$class %in% known_classes)) {
        stop("a value of class ", attributes$class[1L], " cannot be compared")
    }
    if (!is.null(attributes$row.names)) {
        attributes$row.names <- as.character(attr(value, "row.names"))
    }
    value <- unclass(value)
    data <- switch(typeof(value),
        logical = c("l", paste(c("x", ifelse(is.na(value), "N", ifelse(value, "T", "F"))), collapse = "")),
        integer = c("i", paste(c("x", value), collapse = ",")),
        double = c("d", hex_of(writeBin(as.vector(value), raw(), endian = "big"))),
        complex = c("c", hex_of(writeBin(as.vector(value), raw(), endian = "big"))),
        raw = c("r", hex_of(value)),
        character = c("s", length(value), vapply(enc2utf8(as.vector(value)), function(text) {
            if (is.na(text)) "N" else hex_of(charToRaw(text))
        }, "", USE.NAMES = FALSE)),
        list = c("v", length(value), unlist(lapply(value, encode, depth + 1L), use.names = FALSE)),
        stop("a value of type ", typeof(value), " cannot be compared")
    )
    parts <- lapply(attributes, encode, depth + 1L)
    names <- vapply(names(parts), function(name) hex_of(charToRaw(enc2utf8(name))), "")
    c(data, length(parts), unlist(rbind(as.list(names), parts), use.names = FALSE))
}

decode <- function(words) {
    at <- 0L
    word <- function() {
        at <<- at + 1L
        words[[at]]
    }
    numbers <- function(kind, size) {
        bytes <- bytes_of(word())
        readBin(bytes, kind, length(bytes) %/% size, endian = "big")
    }
    value_at <- function() {
        kind <- word()
        if (kind == "N") return(NULL)
        value <- switch(kind,
            l = c(`T` = TRUE, `F` = FALSE, `N` = NA)[strsplit(word(), "")[[1L]][-1L]],
            i = as.integer(strsplit(word(), ",")[[1L]][-1L]),
            d = numbers("double", 8L),
            c = numbers("complex", 16L),
            r = bytes_of(word()),
            s = {
                count <- as.integer(word())
                texts <- words[at + seq_len(count)]
                at <<- at + count
                vapply(texts, function(hex) {
                    if (hex == "N") NA_character_ else text_of(hex)
                }, "", USE.NAMES = FALSE)
            },
            v = {
                items <- vector("list", as.integer(word()))
                for (i in seq_along(items)) {
                    item <- value_at()
                    if (!is.null(item)) items[[i]] <- item
                }
                items
            },
            stop("not a value")
        )
        value <- unname(value)
        count <- as.integer(word())
        given <- list()
        for (i in seq_len(count)) given[[text_of(word())]] <- value_at()
        if (!all(given$class %in% known_classes)) stop("not a class")
        attributes(value) <- given
        value
    }
    value_at()
}

# Lines over a descriptor, with a buffer of our own: a parent forgets what a child has taken over.
line_reader <- function(path) {
    input <- fifo(path, "rb", blocking = TRUE)
    buffer <- raw()
    function(forget = FALSE) {
        if (forget) {
            buffer <<- raw()
            return(invisible())
        }
        while (!length(end <- which(buffer == as.raw(10L)))) {
            more <- readBin(input, raw(), 65536L)
            if (!length(more)) return(NULL)
            buffer <<- c(buffer, more)
        }
        line <- buffer[seq_len(end[1L] - 1L)]
        buffer <<- buffer[-seq_len(end[1L])]
        rawToChar(line)
    }
}
