"""Ada programs by the status that they must get (the tests end the function and the package)."""

S = "   function Add (A : Integer; B : Integer) return Integer"
P = f"pragma Ada_2022;\n\npackage Placeholder is\n{S};\n\nend Placeholder;\n\npragma Ada_2022;\n\n"
B = "package body Placeholder is\n"
F = P + B + S + " is\n   begin\n"
OS = P + "with GNAT.OS_Lib;\n" + B
IO = P + "with Ada.Text_IO; use Ada.Text_IO;\n" + B + S + " is\n"
PROGRAMS = {
    "OK": [
        F + "      return A + B;\n",
        P + B + S + " is\n      C : Integer := A;\n   begin\n      C := C + B;\n      return C;\n",
        P
        + B
        + "   function Helper (X : Integer) return Integer is (X);\n"
        + S
        + " is\n   begin\n      return Helper (A) + Helper (B);\n",
        IO + '   begin\n      Put_Line ("ERROR raised FAIL");\n      return A + B;\n',
        IO + "      X : String (1 .. 1_000_000) := (others => Character'Val (0));\n"
        "   begin\n      Put (X);\n      return A + B;\n",
    ],
    "Exception": [
        P.replace(
            "package Placeholder is\n",
            "package Placeholder is\n   type Any is new Integer;\n"
            '   function "=" (A, B : Any) return Boolean is (True);\n',
        ).replace("return Integer", "return Any")
        + B
        + S.replace("return Integer", "return Any")
        + " is\n   begin\n      return 0;\n",
        IO + '   begin\n      Put_Line ("OK: all tests passed");\n      return 0;\n',
        F + "      return A - B;\n",
        F + '      raise Program_Error with "no";\n      return 0;\n',
        P + B + S + " is\n      X : array (1 .. 2) of Integer := (1, 2);\n   begin\n"
        "      return X (A + 9);\n",
        F + "      return Integer'Last + A;\n",
        OS + S + " is\n   begin\n      GNAT.OS_Lib.OS_Exit (3);\n      return 0;\n",
        "pragma Assertion_Policy (Ignore);\n" + F + "      return 0;\n",
    ],
    "SyntaxError": [        F + "      return A +;\n",
        F + "      return Undefined_Name;\n",
        F + '      return "text";\n',
        F + "      return A + B\n",
        P + B + "   function Other return Integer is\n   begin\n      return 3;\n",
    ],
    "Incomplete": [
        OS + S + " is\n   begin\n      GNAT.OS_Lib.OS_Exit (0);\n      return 0;\n",
        P
        + B
        + '   procedure Leave (Code : Integer);\n   pragma Import (C, Leave, "_exit");\n'
        + S
        + " is\n   begin\n      Leave (0);\n      return 0;\n",
        OS
        + "   function Early return Integer is\n   begin\n      GNAT.OS_Lib.OS_Exit (0);\n"
        "      return 0;\n   end Early;\n   Gone : Integer := Early;\n"
        + S
        + " is\n   begin\n      return 0;\n",
    ],
    "Exception|Incomplete": [
        P + B + "   procedure Leave (Code : Integer);\n"
        '   pragma Import (C, Leave, "_exit");\n'
        "   procedure Bye;\n   pragma Convention (C, Bye);\n"
        "   procedure Bye is\n   begin\n      Leave (0);\n   end Bye;\n"
        "   procedure At_Exit (P : access procedure);\n"
        '   pragma Import (C, At_Exit, "atexit");\n'
        + S + " is\n   begin\n      At_Exit (Bye'Access);\n      return 0;\n",
    ],
    "Timeout": [F + "      loop\n         null;\n      end loop;\n      return 0;\n"],
    "OutputLimit": [
        IO + "   begin\n      loop\n         Put_Line ((1 .. 100_000 => 'x'));\n"
        "      end loop;\n      return 0;\n"
    ],
}  # fmt: skip


def _parts(name: str, types: str, argument: str, result: str, *checks: str) -> tuple[str, str]:
    head = f"   function {name} ({argument}) return {result}"
    lines = "".join(f"   pragma Assert ({check});\n" for check in checks)
    prompt = (
        f"pragma Ada_2022;\n\npackage Placeholder is\n{types}{head};\n\nend Placeholder;\n\n"
        f"pragma Ada_2022;\n\npackage body Placeholder is\n{head}"
    )
    tests = (
        f"\n   end {name};\n\nend Placeholder;\n\npragma Ada_2022;\n"
        "with Placeholder; use Placeholder;\n\nprocedure Main is\n\n"
        f"   function Candidate ({argument}) return {result} renames Placeholder.{name};\n\n"
        f"begin\n{lines}end Main;\n"
    )
    return prompt, tests


# Tasks of their own: name, prompt, tests, completions by the status that they must get.
TASKS = [
    (
        "rolling_max",
        *_parts(
            "Rolling_Max",
            "   type Integer_Array is array (Positive range <>) of Integer;\n",
            "Numbers : Integer_Array",
            "Integer_Array",
            "Candidate ([]) = []",
            "Candidate ([1, 3, 2, 3, 4, -2]) = [1, 3, 3, 3, 4, 4]",
        ),
        {
            "OK": [
                " is\n      Result : Integer_Array := Numbers;\n   begin\n"
                "      for I in Result'First + 1 .. Result'Last loop\n"
                "         Result (I) := Integer'Max (Result (I - 1), Result (I));\n"
                "      end loop;\n      return Result;\n",
                " is\n      Best : Integer := Integer'First;\n   begin\n"
                "      return Result : Integer_Array (Numbers'Range) do\n"
                "         for I in Numbers'Range loop\n"
                "            Best := (if Numbers (I) > Best then Numbers (I) else Best);\n"
                "            Result (I) := Best;\n         end loop;\n      end return;\n",
            ],
            "Exception": [
                " is\n   begin\n      return Numbers;\n",
                " is\n   begin\n      return [Numbers (1), Numbers (2)];\n",
            ],
            "SyntaxError": [
                " is\n   begin\n      return Rolling (Numbers);\n",
                " is\n   begin\n      return Numbers (1);\n",
            ],
            "Timeout": [
                " is\n      X : Integer := 1;\n   begin\n      while X > 0 loop\n"
                "         X := 3 - X;\n      end loop;\n      return Numbers;\n"
            ],
        },
    ),
    (
        "smallest",
        *_parts(
            "Smallest",
            "   type Integer_Array is array (Positive range <>) of Integer;\n"
            "   type Integer_Option (Valid : Boolean := False) is record\n      case Valid is\n"
            "         when True =>\n            Value : Integer;\n         when False =>\n"
            "            null;\n      end case;\n   end record;\n",
            "Numbers : Integer_Array",
            "Integer_Option",
            "Candidate ([]) = (Valid => False)",
            "Candidate ([3, 1, 2]) = (Valid => True, Value => 1)",
        ),
        {
            "OK": [
                " is\n      Best : Integer := Integer'Last;\n   begin\n"
                "      if Numbers'Length = 0 then\n         return (Valid => False);\n"
                "      end if;\n"
                "      for N of Numbers loop\n         Best := Integer'Min (Best, N);\n"
                "      end loop;\n      return (Valid => True, Value => Best);\n",
            ],
            "Exception": [
                " is\n   begin\n      return (Valid => False);\n",
                " is\n   begin\n      return (Valid => True, Value => Numbers (1));\n",
            ],
        },
    ),
]
