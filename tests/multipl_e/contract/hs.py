"""Haskell programs by the status that they must get."""

D = "-- | Adds.\nadd :: Int -> Int -> Int\n"
EXIT = "import System.IO.Unsafe\nimport System.Exit\nimport System.Posix.Process\n"
PROGRAMS = {
    "OK": [
        D + "add a b = sum [a, b]\n",
        "add :: Integer -> Integer -> Integer\nadd a b = a + b\n",
        "add :: Num a => a -> a -> a\nadd a b = a + b\n",
        "{-# LANGUAGE BangPatterns #-}\nimport Data.List\n" + D + "add !a b = foldl' (+) a [b]\n",
        "module Main where\n" + D + "add = (+)\n",
        "module Add (add) where\n" + D + "add a b\n  | a > 0 = a + b\n  | otherwise = b\n",
        "import System.IO.Unsafe\n"
        + D
        + 'add a b = unsafePerformIO (putStrLn "ERROR *** Exception") `seq` a + b\n',
        "import System.IO.Unsafe\n"
        + D
        + "add a b = unsafePerformIO (putStrLn (replicate 200000 '\\1')) `seq` a + b\n",
        "import Prelude hiding (error)\nerror :: a -> Int\nerror _ = 0\n" + D + "add a b = a + b\n",
    ],
    "Exception": [
        D + "add a b = a - b\n",
        D + "add a b = undefined\n",
        D + "add a b = head []\n",
        D + "add 0 0 = 0\n",
        "import System.IO.Unsafe\n" + D
        + "add a b = unsafePerformIO (putStrLn \"OK\\nassertion passed\" >> return 0)\n",
        "import System.IO.Unsafe\nimport GHC.Conc\n" + D
        + "add a b = unsafePerformIO (setUncaughtExceptionHandler (\\_ -> return ())"
        " >> return 0)\n",
        "import System.IO.Unsafe\nimport System.Exit\n"
        + D
        + "add a b = unsafePerformIO (exitWith (ExitFailure 3))\n",
        "import Prelude hiding (error, pure)\nerror _ = return ()\npure _ = return ()\n"
        + D
        + "add a b = 0\n",
    ],
    "SyntaxError": [
        D + "add a b = a +\n",
        D + "add a b = undefinedName\n",
        D + 'add a b = "text"\n',
        "add a b = (a\n",
        D.replace("add", "other") + "other a b = a + b\n",
        "data Any = Any\ninstance Eq Any where _ == _ = True\ninstance Num Any where\n"
        "  fromInteger _ = Any\n  _ + _ = Any\n  _ * _ = Any\n  abs = id\n  signum = id\n"
        "  negate = id\nadd :: Any -> Any -> Any\nadd _ _ = Any\n",
    ],
    "Incomplete|Exception": [
        EXIT + D + "add a b = unsafePerformIO exitSuccess\n",
    ],
    "Incomplete": [
        EXIT + D + "add a b = unsafePerformIO (exitImmediately ExitSuccess >> return 0)\n",
    ],
    "Timeout": [D + "add a b = add b a\n"],
    "OutputLimit|Timeout": [
        "import System.IO.Unsafe\n"
        + D
        + "add a b = unsafePerformIO (mapM_ (putStrLn . flip replicate 'x')"
        + " (repeat 100000)) `seq` 0\n",
    ],
}  # fmt: skip


def _tests(name: str, *checks: str) -> str:
    lines = [f'  if {check} then pure () else error "assertion failed"\n' for check in checks]
    return f"\nmain :: IO ()\nmain = do\n  let candidate = {name}\n{''.join(lines)}  pure ()\n"


# Tasks of their own: name, prompt, tests, completions by the status that they must get.
TASKS = [
    (
        "rolling_max",
        "-- | The largest number so far, at every position.\n"
        "rollingMax :: [Int] -> [Int]\nrollingMax numbers =",
        _tests(
            "rollingMax",
            "candidate [] == []",
            "candidate [1, 3, 2, 3, 4, (-2)] == [1, 3, 3, 3, 4, 4]",
        ),
        {
            "OK": [
                " scanl1 max numbers",
                " case numbers of\n  [] -> []\n  (x : xs) -> x : go x xs\n    where\n"
                "      go _ [] = []\n      go m (y : ys) = let n = max m y in n : go n ys",
            ],
            "Exception": [
                " map (const (maximum numbers)) numbers",
                " tail (scanl max 0 numbers) ++ [0]",
            ],
            "SyntaxError": [" scanl1 maxx numbers", " scanl1 max (map show numbers)"],
            "Timeout": [
                " if null numbers then [] else let go n = n `seq` go (n + 1) in go 0 `seq` numbers"
            ],
        },
    ),
    (
        "nearest_to_zero",
        "-- | The largest negative and the smallest positive number.\n"
        "nearestToZero :: [Int] -> (Maybe Int, Maybe Int)\nnearestToZero numbers =",
        _tests(
            "nearestToZero",
            "candidate [2, 4, 1] == (Nothing, Just (1))",
            "candidate [(-3), (-1), 5] == (Just (-1), Just (5))",
            "candidate [] == (Nothing, Nothing)",
        ),
        {
            "OK": [
                " (pick maximum (< 0), pick minimum (> 0))\n  where\n    pick best keep ="
                " case filter keep numbers of\n      [] -> Nothing\n"
                "      found -> Just (best found)",
            ],
            "Exception": [" (Nothing, Just (minimum numbers))"],
        },
    ),
]
