package dev.lockstep.benchmarks.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.config.Configuration;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.data.Shape;
import dev.lockstep.split.Split;
import dev.lockstep.worker.TrainingSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InterleavedTest {
  private final List<String> diary = new ArrayList<>();

  @Test
  void everyContenderWarmsUpAndThenTheyTakeTurns() throws InterruptedException {
    List<Contender> contenders = List.of(new Diarist("a", 0), new Diarist("b", 0));
    List<Task> tasks = List.of(task(2), task(3), task(4));

    List<Series> measured =
        Interleaved.measure(
            contenders.stream()
                .map(contender -> new Entry(contender, Optional.of(task(1)), tasks))
                .toList());

    assertThat(diary)
        .containsExactly("a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4", "a ends", "b ends");
    assertThat(measured).extracting(Series::contender).isEqualTo(contenders);
    assertThat(measured.get(1).runs()).extracting(Run::examples).containsExactly(2L, 3L, 4L);
  }

  @Test
  void eachHasItsOwnTasksAndMayNeedNoWarmUp() throws InterruptedException {
    Interleaved.measure(
        List.of(
            new Entry(new Diarist("a", 0), Optional.empty(), List.of(task(2), task(2))),
            Entry.of(new Diarist("b", 0), task(3), 2)));

    assertThat(diary).containsExactly("b3", "a2", "b3", "a2", "b3", "a ends", "b ends");
  }

  @Test
  void aContenderThatSkipsExamplesIsNotMeasured() {
    List<Entry> entries =
        List.of(
            Entry.of(new Diarist("a", 0), task(5), 1), Entry.of(new Diarist("b", 1), task(5), 1));

    assertThatThrownBy(() -> Interleaved.measure(entries))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("b learned from 4 examples but the task has 5");
    assertThat(diary).endsWith("a ends", "b ends");
  }

  @Test
  void theNoteSaysHowManyMeasurementsThereWere() throws InterruptedException {
    Diarist diarist = new Diarist("a", 0);

    assertThat(Interleaved.note(Interleaved.measure(List.of(Entry.of(diarist, task(1), 3)))))
        .startsWith("Medians (least-most) of 3 measurements of each");
    assertThat(Interleaved.note(Interleaved.measure(List.of(Entry.of(diarist, task(1), 1)))))
        .startsWith("One measurement of each");
  }

  /** A task of so many examples, one pixel each. */
  private static Task task(int examples) {
    byte[] labels = new byte[examples];
    byte[][] pixels = new byte[examples][1];
    Examples all = new Examples(new Shape(1, 1, 1), 2, pixels, labels);
    Configuration configuration =
        Configuration.read(
            "tiny.yaml",
            """
            network: {layers: [{dense: {units: 2, activation: softmax}}], loss: categorical_crossentropy}
            """,
            List.of());
    Split split = new Split(IntStream.range(0, examples).toArray(), new int[0]);
    return new Task(
        configuration,
        configuration.network(all.shape(), all.classes()),
        new TrainingSet(new Dataset("tiny", all, all), split));
  }

  /** Notes its name and the size of what it is given, and skips some. */
  private final class Diarist implements Contender {
    private final String name;
    private final int skipped;

    Diarist(String name, int skipped) {
      this.name = name;
      this.skipped = skipped;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public String note() {
      return name + " takes notes.";
    }

    @Override
    public Run train(Task task) {
      diary.add(name + task.examples());
      return Run.timed(task.examples() - skipped, 1);
    }

    @Override
    public void close() {
      diary.add(name + " ends");
    }
  }
}
