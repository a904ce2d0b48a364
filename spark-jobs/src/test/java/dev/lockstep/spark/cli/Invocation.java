package dev.lockstep.spark.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;

/**
 * What a command line gave.
 *
 * @param out its lines on standard output
 * @param err its text on standard error
 */
record Invocation(int exitCode, List<String> out, String err) {
  static Invocation of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode = Main.execute(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    return new Invocation(exitCode, out.toString().lines().toList(), err.toString());
  }

  String lastLine() {
    return out.get(out.size() - 1);
  }
}
