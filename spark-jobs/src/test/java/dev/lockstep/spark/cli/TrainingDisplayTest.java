package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.coordinator.Progress;
import dev.lockstep.metrics.EpochRecord;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TrainingDisplayTest {
  private static final long SECOND = 1_000_000_000L;

  private static Progress progress(int epoch, int batch, int finished) {
    List<EpochRecord> records =
        IntStream.rangeClosed(1, finished)
            .mapToObj(number -> new EpochRecord(number, 0.25, 0.9, null, 0.001, 2.0, 24_600))
            .toList();
    return new Progress(epoch, 3, batch, 100, batch * 128L, 12_345.6, 0.2981, records);
  }

  @Test
  void logLinesComeAtMostEveryFiveSeconds() {
    List<String> lines = new ArrayList<>();
    long[] now = {0};
    StepLines steps = new StepLines(lines::add, () -> now[0]);
    for (int tenth = 0; tenth <= 120; tenth++) {
      now[0] = tenth * SECOND / 10;
      steps.show(progress(1, tenth, 0));
    }

    assertThat(lines)
        .containsExactly(
            "epoch 1/3, step 50/100, 12,346 examples/s, loss 0.2981",
            "epoch 1/3, step 100/100, 12,346 examples/s, loss 0.2981");
  }

  @Test
  void anEpochIsOneLineHoweverOftenItIsSeen() {
    StringWriter out = new StringWriter();
    List<String> steps = new ArrayList<>();
    try (TrainingDisplay display =
        new TrainingDisplay(new PrintWriter(out), new StepLines(steps::add, () -> 0))) {
      display.accept(progress(1, 50, 0));
      display.accept(progress(2, 0, 1));
      display.accept(progress(2, 50, 1));
      display.accept(progress(3, 0, 3));
    }

    String line = " - 2.0 s - 12,300 examples/s - loss 0.2500 - accuracy 0.9000";
    assertThat(out.toString().lines())
        .containsExactly("Epoch 1/3" + line, "Epoch 2/3" + line, "Epoch 3/3" + line);
  }

  @Test
  void theBarShowsEpochStepPaceAndLossAndLeavesNothingBehind() {
    ByteArrayOutputStream terminal = new ByteArrayOutputStream();
    StepBar bar = new StepBar(new PrintStream(terminal, true, StandardCharsets.UTF_8));
    bar.show(progress(2, 41, 1));
    bar.clear();
    bar.clear();

    String shown = terminal.toString(StandardCharsets.UTF_8);
    assertThat(shown)
        .contains("Epoch 2/3")
        .contains("41%")
        .contains("41/100")
        .contains("12,346 examples/s, loss 0.2981");
    assertThat(shown).endsWith("\r\u001b[2K");
  }
}
