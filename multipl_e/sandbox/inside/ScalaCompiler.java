import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import scala.collection.Iterator;
import scala.collection.immutable.List;
import scala.collection.immutable.Nil$;
import scala.reflect.internal.util.BatchSourceFile;
import scala.reflect.internal.util.SourceFile;
import scala.reflect.io.AbstractFile;
import scala.reflect.io.VirtualDirectory;
import scala.tools.nsc.Global;
import scala.tools.nsc.Settings;
import scala.tools.nsc.reporters.ConsoleReporter;

/**
 * A warm scalac. A request is a JSON string: base64 of a source. The answer has the class files.
 * Nothing that was compiled is ever loaded here (macros of the source's own cannot run in it).
 */
public class ScalaCompiler {
  static final long CPU_SECONDS = 40;
  static final long WALL_SECONDS = 110;

  static String answer = "";
  static Global global;
  static Settings settings;
  static StringWriter said = new StringWriter();

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.setOut(System.err);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.ISO_8859_1));
    for (String line; (line = in.readLine()) != null; ) {
      byte[] decoded = Base64.getDecoder().decode(line.substring(1, line.length() - 1));
      String source = new String(decoded, StandardCharsets.UTF_8);
      Thread thread = new Thread(null, () -> compile(args[0], source), "scalac", 64 << 20);
      thread.setDaemon(true);
      thread.start();
      boolean late = !finishes(thread);
      out.print(late ? "{\"ok\":false,\"late\":true,\"output\":\"\"}" : answer);
      out.print("\n");
      out.flush();
      if (late) Runtime.getRuntime().halt(1);
    }
  }

  /** Waits for a compilation; false if it takes too long, counted in CPU time. */
  static boolean finishes(Thread thread) throws InterruptedException {
    ThreadMXBean times = ManagementFactory.getThreadMXBean();
    for (long i = 0; i < WALL_SECONDS && thread.isAlive(); i++) {
      if (times.getThreadCpuTime(thread.getId()) > CPU_SECONDS * 1000000000L) return false;
      thread.join(1000);
    }
    return !thread.isAlive();
  }

  static void start(String library) {
    settings = new Settings();
    List<String> flags = (List<String>) (Object) Nil$.MODULE$;
    for (String flag : new String[] {library, "-bootclasspath", library, "-classpath", "-nowarn"}) {
      flags = flags.$colon$colon(flag);
    }
    settings.processArguments(flags, true);
    BufferedReader none = new BufferedReader(new java.io.StringReader(""));
    global = new Global(settings, new ConsoleReporter(settings, none, new PrintWriter(said, true)));
  }

  static void compile(String library, String source) {
    Map<String, byte[]> classes = new TreeMap<>();
    boolean ok = false;
    said.getBuffer().setLength(0);
    try {
      if (global == null) start(library);
      global.reporter().reset();
      VirtualDirectory output = new VirtualDirectory("(memory)", scala.Option.apply(null));
      settings.outputDirs().setSingleOutput(output);
      Global.Run run = global.new Run();
      List<SourceFile> none = (List<SourceFile>) (Object) Nil$.MODULE$;
      run.compileSources(none.$colon$colon(new BatchSourceFile("Problem.scala", toSeq(source))));
      ok = !global.reporter().hasErrors();
      if (ok) collect(output, "", classes);
    } catch (Throwable error) {
      global = null;
      said.write(String.valueOf(error));
    }
    StringBuilder text = new StringBuilder("{\"ok\":").append(ok).append(",\"output\":\"");
    String kept = said.toString();
    kept = kept.substring(0, Math.min(kept.length(), 8000));
    text.append(encode(kept.getBytes(StandardCharsets.UTF_8))).append("\",\"classes\":{");
    String separator = "";
    for (Map.Entry<String, byte[]> entry : classes.entrySet()) {
      text.append(separator).append('"').append(entry.getKey()).append("\":\"");
      text.append(encode(entry.getValue())).append('"');
      separator = ",";
    }
    answer = text.append("}}").toString();
  }

  static scala.collection.Seq<Object> toSeq(String text) {
    return (scala.collection.Seq<Object>) (Object) scala.Predef$.MODULE$.wrapString(text);
  }

  static void collect(AbstractFile folder, String prefix, Map<String, byte[]> classes) throws Exception {
    for (Iterator<AbstractFile> files = folder.iterator(); files.hasNext(); ) {
      AbstractFile file = files.next();
      if (file.isDirectory()) collect(file, prefix + file.name() + "/", classes);
      else classes.put(prefix + file.name(), file.toByteArray());
    }
  }

  static String encode(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
