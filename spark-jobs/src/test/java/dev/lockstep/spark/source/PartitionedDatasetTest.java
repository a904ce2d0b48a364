package dev.lockstep.spark.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.spark.Digits;
import dev.lockstep.spark.cli.Partitions;
import dev.lockstep.yaml.ConfigurationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartitionedDatasetTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 11, 9);

  @TempDir Path directory;

  private static Examples mnist(int from, int to) {
    return Digits.MNIST.training().select(IntStream.range(from, to).toArray());
  }

  private void writeDays(int count) throws Exception {
    for (int day = 0; day < count; day++) {
      new Partitions(directory).write(FIRST.plusDays(day), mnist(100 * day, 100 * (day + 1)));
    }
  }

  private DatasetSource source(String settings) {
    return DatasetSource.of("{partitions: '%s'%s}".formatted(directory, settings));
  }

  private static Set<String> contents(Examples examples) {
    return IntStream.range(0, examples.size())
        .mapToObj(i -> HexFormat.of().formatHex(examples.features().digest(i)))
        .collect(Collectors.toSet());
  }

  @Test
  void everyExampleIsEitherLearnedFromOrHeldOut() throws Exception {
    writeDays(3);

    Dataset dataset = source(", test: {fraction: 0.3}").load();

    assertThat(dataset.training().size() + dataset.test().size()).isEqualTo(300);
    assertThat(dataset.test().size()).isBetween(60, 120);
    assertThat(contents(dataset.training())).doesNotContainAnyElementsOf(contents(dataset.test()));
    assertThat(dataset.classes()).isEqualTo(10);
  }

  @Test
  void whatIsHeldOutStaysHeldOutAsDaysCome() throws Exception {
    writeDays(2);
    Set<String> before = contents(source("").load().test());
    writeDays(4);

    Dataset after = source("").load();

    assertThat(contents(after.test())).containsAll(before).hasSizeGreaterThan(before.size());
  }

  @Test
  void aCopyIsOnTheSideOfItsOriginalWhateverItsLabel() throws Exception {
    writeDays(1);
    byte[] zeros = new byte[100];
    new Partitions(directory)
        .write(FIRST.plusDays(1), new Examples(mnist(0, 100).features(), 1, zeros));

    Dataset dataset = source("").load();

    assertThat(contents(dataset.training())).doesNotContainAnyElementsOf(contents(dataset.test()));
  }

  @Test
  void aWindowHasTheLastDays() throws Exception {
    writeDays(5);

    Dataset two = source(", window: 2").load();
    Dataset through = source(", window: 2, through: '2026-11-11'").load();

    assertThat(two.training().size() + two.test().size()).isEqualTo(200);
    assertThat(((PartitionedDataset) source(", window: 2")).partitions())
        .containsExactly(FIRST.plusDays(3), FIRST.plusDays(4));
    assertThat(((PartitionedDataset) source(", window: 2, through: '2026-11-11'")).partitions())
        .containsExactly(FIRST.plusDays(1), FIRST.plusDays(2));
    assertThat(contents(through.training())).doesNotContainAnyElementsOf(contents(two.training()));
  }

  @Test
  void itStaysAsItIsNowWhenDaysCome() throws Exception {
    writeDays(2);
    PartitionedDataset now = ((PartitionedDataset) source(", classes: 10")).asOfNow();
    String before = now.load().training().fingerprint();
    writeDays(3);

    assertThat(DatasetSource.of(now.written())).isEqualTo(now);
    assertThat(now.load().training().fingerprint()).isEqualTo(before);
  }

  @Test
  void theDriversOutlineHasTheSameFingerprints() throws Exception {
    writeDays(2);
    Dataset loaded = source("").load();
    Dataset outline = source("").outline();

    assertThat(outline.training().fingerprint()).isEqualTo(loaded.training().fingerprint());
    assertThat(outline.test().fingerprint()).isEqualTo(loaded.test().fingerprint());
    assertThat(outline.training().classCounts()).isEqualTo(loaded.training().classCounts());
  }

  @Test
  void parquetPartitionsAreReadAlike() throws Exception {
    for (int day = 0; day < 2; day++) {
      Path partition = Files.createDirectories(directory.resolve("dt=" + FIRST.plusDays(day)));
      double first = 100 * day;
      ParquetFile.of("required double a; required int32 label;")
          .write(
              partition.resolve("part-0.parquet"),
              IntStream.range(0, 100)
                  .<java.util.function.Consumer<org.apache.parquet.example.data.Group>>mapToObj(
                      i -> row -> row.append("a", first + i).append("label", i % 3))
                  .toList());
    }

    Dataset dataset = source(", features: a, label: label").load();
    float[] values = new float[200];
    for (int i = 0; i < dataset.training().size(); i++) {
      dataset.training().copy(i, values, i);
    }
    for (int i = 0; i < dataset.test().size(); i++) {
      dataset.test().copy(i, values, dataset.training().size() + i);
    }

    Arrays.sort(values);
    assertThat(dataset.test().size()).isPositive();
    assertThat(values[199]).isEqualTo(199);
    assertThat(values[100]).isEqualTo(100);
    assertThat(dataset.classes()).isEqualTo(3);
  }

  @Test
  void mistakesNameTheDirectoryOrTheFile() throws Exception {
    mistake("", "there is no partition; expected directories such as dt=2026-11-22");
    writeDays(2);
    mistake(", through: '2026-11-01'", "there is no partition of 2026-11-01 or before");
    mistake(", through: yesterday", "through is 'yesterday' but must be a day");
    mistake(", window: 0", "window is '0' but must be");
    mistake(", classes: 5", "dt=2026-11-09: the highest label is 9 but must be less than classes");
    mistake(", test: {fraction: 1.0e-9}", "holds 0 of 200 examples out");
    Path images = directory.resolve("dt=2026-11-10/images-idx3-ubyte");
    Files.write(images, Arrays.copyOf(Files.readAllBytes(images), 1000));
    mistake("", "dt=2026-11-10/images-idx3-ubyte");
    Files.createDirectory(directory.resolve("dt=today"));
    mistake("", "'dt=today' is called after no day");
    directory = directory.resolve("none");
    mistake(
        "", "none: there is no such directory; expected one that holds directories such as dt=");
  }

  private void mistake(String settings, String message) {
    assertThatThrownBy(() -> source(settings).load())
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(message);
    assertThatThrownBy(() -> source(settings).outline()).hasMessageContaining(message);
  }
}
