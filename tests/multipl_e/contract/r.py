"""R programs by the status that they must get."""

F = "add <- function(a, b) {\n"
PROGRAMS = {
    "OK": [
        F + '    cat("ERROR FAIL\\n")\n    message("Error in add")\n    a + b\n}',
        F + '    cat(strrep("x", 1000000))\n    return(a + b)\n}\nprint(add(4, 5))',
        "memo <- list()\n" + F + '    memo[["x"]] <<- sum(c(a, b))\n    memo[["x"]]\n}',
        "c <- function(...) 0\npaste0 <- function(...) 0\nstop <- function(...) 0\n"
        + F
        + "a + b }",
    ],
    "Exception": [
        F + "    a - b\n}",
        F + '    "3"\n}',
        F + "    c(x = 3)\n}",
        F + "    stop('no')\n}",
        F + "    undefined_name(a)\n}",
        F + "    add(a, b)\n}",
        "all.equal <- function(...) TRUE\nstopifnot <- function(...) NULL\n"
        "isTRUE <- function(...) TRUE\n" + F + "    0\n}",
        "for (name in c('stopifnot', 'isTRUE', 'all.equal')) {\n"
        "    unlockBinding(name, baseenv())\n    assign(name, function(...) TRUE, baseenv())\n}\n"
        + F
        + "    0\n}",
        "all.equal.any <- function(target, current, ...) TRUE\nOps.any <- function(e1, e2) TRUE\n"
        + F
        + '    structure(list(), class = "any")\n}',
        "setClass('Any', representation(x = 'numeric'))\n" + F + "    new('Any', x = 3)\n}",
        "test_humaneval <- function() NULL\n" + F + "    0\n}",
        F + "    quit(status = 3)\n}",
        "stop('top')\n" + F + "    a + b\n}",
    ],
    "SyntaxError": [F + "    a + \n} }", F + "    (a\n}", "add <- function(a, b) {\n"],
    "Incomplete": [
        F + "    quit(status = 0)\n}",
        F + '    q("no")\n}',
        "quit(status = 0)\n" + F + "    0\n}",
        "options(error = function() quit(status = 0))\n" + F + "    quit()\n}",
    ],
    "Exception|Incomplete": [
        ".Last <- function() quit(status = 0)\n" + F + "    quit(status = 1, runLast = TRUE)\n}",
        "for (n in 1:12) try({\n    out <- fifo(paste0('/dev/fd/', n), 'wb')\n"
        '    writeLines(\'={"status":"OK","trace":""}\', out)\n})\nquit(status = 0)',
        F + "    tools::pskill(Sys.getpid(), 9)\n}",
        F + "    invokeRestart('end', c('OK', ''))\n}",
        "options(error = function() quit(status = 0))\n" + F + "    stop('no')\n}",
    ],
    "Timeout": [F + "    while (TRUE) {}\n}", F + "    Sys.sleep(60)\n}"],
    "OutOfMemory": [F + "    length(numeric(1e10))\n}"],
    "OutputLimit": [F + '    repeat cat(strrep("x", 100000))\n}'],
}
