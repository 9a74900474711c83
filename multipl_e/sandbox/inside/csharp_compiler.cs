// A warm mcs. A request is a JSON string: base64 of a source. The answer has the assembly.
// Nothing that was compiled is ever loaded here.
using System;
using System.Diagnostics;
using System.IO;
using System.Reflection;
using System.Text;
using System.Threading;

static class Service {
    const int CpuSeconds = 40;
    const int WallSeconds = 110;

    static void Main(string[] args) {
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
        var input = new StreamReader(Console.OpenStandardInput(), Encoding.ASCII);
        Console.SetOut(TextWriter.Null);
        var entry = Assembly.LoadFrom(args[0]).GetType("Mono.CSharp.CompilerCallableEntryPoint");
        var invoke = entry.GetMethod("InvokeCompiler", BindingFlags.Public | BindingFlags.Static);
        string line;
        while ((line = input.ReadLine()) != null) {
            byte[] source = Convert.FromBase64String(line.Trim('"'));
            string answer = null;
            var thread = new Thread(() => answer = Compile(invoke, args, source), 64 << 20);
            thread.IsBackground = true;
            thread.Start();
            bool late = !Finishes(thread);
            output.Write((late ? "{\"ok\":false,\"late\":true,\"output\":\"\"}" : answer) + "\n");
            output.Flush();
            if (late) Environment.Exit(1);
        }
    }

    // Waits for a compilation; false if it takes too long, counted in CPU time.
    static bool Finishes(Thread thread) {
        var self = Process.GetCurrentProcess();
        double start = self.TotalProcessorTime.TotalSeconds;
        for (int i = 0; i < WallSeconds; i++) {
            if (thread.Join(1000)) return true;
            self.Refresh();
            if (self.TotalProcessorTime.TotalSeconds - start > CpuSeconds) return false;
        }
        return false;
    }

    static string Compile(MethodInfo invoke, string[] args, byte[] source) {
        const string path = "/program.cs", made = "/program.exe";
        string folder = Directory.GetCurrentDirectory();
        var said = new StringWriter();
        bool ok = false;
        try {
            File.Delete(folder + made);
            File.WriteAllBytes(folder + path, source);
            var flags = new string[args.Length + 1];
            Array.Copy(args, 1, flags, 0, args.Length - 1);
            flags[args.Length - 1] = "-out:" + folder + made;
            flags[args.Length] = folder + path;
            ok = (bool)invoke.Invoke(null, new object[] { flags, said });
        } catch (Exception error) {
            said.Write(error.ToString());
        }
        ok = ok && File.Exists(folder + made);
        string text = said.ToString();
        text = text.Substring(0, Math.Min(text.Length, 8000));
        string program = ok ? Convert.ToBase64String(File.ReadAllBytes(folder + made)) : "";
        return "{\"ok\":" + (ok ? "true" : "false") + ",\"output\":\""
            + Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) + "\",\"program\":\"" + program + "\"}";
    }
}
