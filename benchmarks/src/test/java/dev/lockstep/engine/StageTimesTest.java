package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class StageTimesTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void showsEveryStageForwardAndBackward() {
    assertThat(run("mlp-512", "2")).as(err::toString).isZero();

    assertThat(out.toString())
        .contains("| DenseStage ")
        .contains("Medians (least-most) of 300 steps of 2 examples");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mlp 64        | the network is 'mlp' but must be one of mlp-512, lenet, lstm-rows",
        "lstm-rows 64  | the network is 'lstm-rows' but its layer 1 (lstm) cannot be fused",
        "mlp-512 many  | 'many' is not an int",
        "mlp-512 0     | the micro-batch is 0 but must be from 1 to 4096",
        "mlp-512       | Missing required parameter: '<n>'"
      })
  void aMistakeIsAWrongUsage(String arguments, String message) {
    assertThat(run(arguments.split(" "))).isEqualTo(2);

    assertThat(err.toString().lines().findFirst().orElse("")).contains(message);
  }

  private int run(String... arguments) {
    return new CommandLine(new StageTimes())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }
}
