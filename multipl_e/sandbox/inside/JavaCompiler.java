import com.sun.source.tree.BlockTree;
import com.sun.source.tree.CaseTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.DoWhileLoopTree;
import com.sun.source.tree.EnhancedForLoopTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.ForLoopTree;
import com.sun.source.tree.IfTree;
import com.sun.source.tree.StatementTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.tree.WhileLoopTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.lang.model.element.Modifier;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler.CompilationTask;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A warm javac. A request is a JSON string: base64 of file names and sources, separated by NUL. The
 * answer has the class files. Nothing that was compiled is ever loaded here (-proc:none). A file
 * named NAME:HOOK:LAST calls HOOK with the line of each statement up to line LAST that is executed.
 */
public class JavaCompiler {
  static final long CPU_SECONDS = 40;
  static final long WALL_SECONDS = 110;

  static class Source extends SimpleJavaFileObject {
    final String text;

    Source(String name, String text) {
      super(URI.create("string:///" + name), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignore) {
      return text;
    }
  }

  static class Output extends SimpleJavaFileObject {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Output(String name) {
      super(URI.create("memory:///output"), Kind.CLASS);
    }

    @Override
    public OutputStream openOutputStream() {
      return bytes;
    }
  }

  static class Memory extends ForwardingJavaFileManager<JavaFileManager> {
    final Map<String, Output> outputs = new TreeMap<>();

    Memory(JavaFileManager manager) {
      super(manager);
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location where, String name, JavaFileObject.Kind kind, FileObject sibling) {
      Output output = new Output(name);
      outputs.put(name.replace('.', '/') + ".class", output);
      return output;
    }

    @Override
    public void close() {} // the manager below stays open: it has read the class path
  }

  static String answer = "";

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.setOut(System.err);
    javax.tools.JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
    StandardJavaFileManager files = javac.getStandardFileManager(null, null, StandardCharsets.UTF_8);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.ISO_8859_1));
    for (String line; (line = in.readLine()) != null; ) {
      String request = line.substring(1, line.length() - 1);
      byte[] decoded = Base64.getDecoder().decode(request);
      String[] parts = new String(decoded, StandardCharsets.UTF_8).split("\0", -1);
      Thread thread = new Thread(null, () -> compile(javac, files, args[0], parts), "javac", 64 << 20);
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

  static void compile(
      javax.tools.JavaCompiler javac, JavaFileManager files, String path, String[] parts) {
    StringWriter said = new StringWriter();
    Memory memory = new Memory(files);
    boolean ok = false;
    try {
      List<Source> sources = new ArrayList<>();
      for (int i = 0; i + 1 < parts.length; i += 2) {
        String[] name = parts[i].split(":");
        String text = parts[i + 1];
        if (name.length == 3) text = Marks.in(javac, files, text, name[1], Integer.parseInt(name[2]));
        sources.add(new Source(name[0], text));
      }
      List<String> options = List.of("-proc:none", "-nowarn", "-cp", path, "-implicit:none");
      CompilationTask task = javac.getTask(said, memory, null, options, null, sources);
      ok = task.call();
    } catch (Throwable error) {
      said.write(String.valueOf(error));
    }
    StringBuilder text = new StringBuilder("{\"ok\":").append(ok).append(",\"output\":\"");
    String kept = said.toString();
    kept = kept.substring(0, Math.min(kept.length(), 8000));
    text.append(encode(kept.getBytes(StandardCharsets.UTF_8))).append("\",\"classes\":{");
    String separator = "";
    for (Map.Entry<String, Output> entry : ok ? memory.outputs.entrySet() : Map.<String, Output>of().entrySet()) {
      text.append(separator).append('"').append(entry.getKey()).append("\":\"");
      text.append(encode(entry.getValue().bytes.toByteArray())).append('"');
      separator = ",";
    }
    answer = text.append("}}").toString();
  }

  static String encode(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  /** Puts a call before each statement, in its line, so that no line number changes. */
  static class Marks extends TreeScanner<Void, Void> {
    final CompilationUnitTree unit;
    final SourcePositions positions;
    final String hook;
    final int last;
    final TreeMap<Integer, String> before = new TreeMap<>(); // what to insert, by place
    final TreeMap<Integer, String> after = new TreeMap<>();

    Marks(CompilationUnitTree unit, SourcePositions positions, String hook, int last) {
      this.unit = unit;
      this.positions = positions;
      this.hook = hook;
      this.last = last;
    }

    static String in(
        javax.tools.JavaCompiler javac, JavaFileManager files, String text, String hook, int last)
        throws Exception {
      List<Source> sources = List.of(new Source("Marked.java", text));
      JavacTask task =
          (JavacTask) javac.getTask(new StringWriter(), files, null, List.of("-proc:none"), null, sources);
      CompilationUnitTree unit = task.parse().iterator().next();
      Marks marks = new Marks(unit, Trees.instance(task).getSourcePositions(), hook, last);
      marks.scan(unit, null);
      StringBuilder out = new StringBuilder(text);
      TreeSet<Integer> places = new TreeSet<>(marks.before.keySet());
      places.addAll(marks.after.keySet());
      for (int place : places.descendingSet()) {
        out.insert(place, marks.before.getOrDefault(place, ""));
        out.insert(place, marks.after.getOrDefault(place, ""));
      }
      return out.toString();
    }

    void mark(Tree tree, String opening, String closing) {
      mark(tree, opening, "", closing);
    }

    void mark(Tree tree, String opening, String inner, String closing) {
      if (tree == null) return;
      int start = (int) positions.getStartPosition(unit, tree);
      int end = (int) positions.getEndPosition(unit, tree);
      if (start < 0 || end < 0) return;
      long line = unit.getLineMap().getLineNumber(start);
      if (line > last) return;
      before.merge(start, opening + hook + "(" + line + ");" + inner, (x, y) -> y + x);
      if (!closing.isEmpty()) after.merge(end, closing, String::concat);
    }

    void markAll(List<? extends StatementTree> statements) {
      for (StatementTree statement : statements) {
        // this(...) and super(...) must come first.
        String text = statement.toString();
        if (!text.startsWith("this(") && !text.startsWith("super(")) mark(statement, "", "");
      }
    }

    void wrap(Tree body) {
      if (body instanceof StatementTree && !(body instanceof BlockTree)) mark(body, "{", "}");
    }

    @Override
    public Void visitBlock(BlockTree tree, Void none) {
      markAll(tree.getStatements());
      return super.visitBlock(tree, none);
    }

    @Override
    public Void visitCase(CaseTree tree, Void none) {
      if (tree.getStatements() != null) markAll(tree.getStatements());
      if (!(tree.getBody() instanceof ExpressionTree)) wrap(tree.getBody());
      return super.visitCase(tree, none);
    }

    @Override
    public Void visitClass(ClassTree tree, Void none) {
      for (Tree member : tree.getMembers()) {
        if (tree.getKind() != Tree.Kind.CLASS || !(member instanceof VariableTree)) continue;
        boolean isStatic = ((VariableTree) member).getModifiers().getFlags().contains(Modifier.STATIC);
        mark(member, isStatic ? "static{" : "{", "}", "");
      }
      return super.visitClass(tree, none);
    }

    @Override
    public Void visitIf(IfTree tree, Void none) {
      wrap(tree.getThenStatement());
      wrap(tree.getElseStatement());
      return super.visitIf(tree, none);
    }

    @Override
    public Void visitForLoop(ForLoopTree tree, Void none) {
      wrap(tree.getStatement());
      return super.visitForLoop(tree, none);
    }

    @Override
    public Void visitEnhancedForLoop(EnhancedForLoopTree tree, Void none) {
      wrap(tree.getStatement());
      return super.visitEnhancedForLoop(tree, none);
    }

    @Override
    public Void visitWhileLoop(WhileLoopTree tree, Void none) {
      wrap(tree.getStatement());
      return super.visitWhileLoop(tree, none);
    }

    @Override
    public Void visitDoWhileLoop(DoWhileLoopTree tree, Void none) {
      wrap(tree.getStatement());
      return super.visitDoWhileLoop(tree, none);
    }
  }
}
