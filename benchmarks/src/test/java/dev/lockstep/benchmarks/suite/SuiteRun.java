package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/**
 * One call of {@code benchmarks/run}.
 *
 * @param out what it printed
 * @param err what it said beside that
 */
record SuiteRun(int exitCode, String out, String err) {
  static SuiteRun of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        new CommandLine(new Main())
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(arguments);
    return new SuiteRun(code, out.toString(), err.toString());
  }

  /** Of {@code rows} rows, one of which begins with {@code row}. */
  static void assertPrintsOneTable(String suite, String row, int rows) {
    SuiteRun run = of(suite, "--quick");

    assertThat(run.exitCode).as(run.err).isZero();
    assertThat(run.out.lines().filter(line -> line.startsWith("| ")))
        .hasSize(rows + 2)
        .anyMatch(line -> line.startsWith("| " + row));
    assertThat(run.out)
        .contains("(quick: figures without meaning)")
        .contains(" core", "Java ", "Spark ", "DL4J ");
  }
}
