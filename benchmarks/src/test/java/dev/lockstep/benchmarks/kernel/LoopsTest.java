package dev.lockstep.benchmarks.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.measure.Spread;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class LoopsTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void measuresALoopOfOursWithAndWithoutTheVectoriserAndNd4jsOfTheSameName() {
    assertThat(run("add|addMicroBatch", "--quick")).as(err::toString).isZero();

    String number = " +[\\d.]+ +";
    assertThat(out.toString().lines().filter(line -> line.startsWith("| add")))
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).matches("\\| add +(\\|" + number + "){4}\\|"))
        .anySatisfy(
            line ->
                assertThat(line).matches("\\| addMicroBatch +(\\|" + number + "){3}\\| +– +\\|"));
  }

  @Test
  void saysHowMuchTheVectoriserBrings() {
    Loops.Row relu = new Loops.Row("relu", Spread.of(0.1), Spread.of(0.5, 0.4, 0.8), Spread.of(2));

    assertThat(Loops.table(List.of(relu)).rows())
        .containsExactly(List.of("relu", "0.100", "0.500 (0.400-0.800)", "5.0", "2.000"));
  }

  @Test
  void aLoopThatThereIsNotIsAWrongUsage() {
    assertThat(run("sine", "--quick")).isEqualTo(2);
    assertThat(err.toString()).contains("no loop is called 'sine'");

    assertThat(run("(", "--quick")).isEqualTo(2);
    assertThat(err.toString()).contains("the loop is '(' but must be a regular expression");
  }

  private int run(String... arguments) {
    return new CommandLine(new Loops())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }
}
