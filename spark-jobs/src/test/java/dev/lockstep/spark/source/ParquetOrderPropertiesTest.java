package dev.lockstep.spark.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.random.CounterRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/** The same rows are the same data set, however they are cut, compressed and read. */
class ParquetOrderPropertiesTest {
  private static final List<CompressionCodecName> CODECS =
      List.of(
          CompressionCodecName.UNCOMPRESSED,
          CompressionCodecName.SNAPPY,
          CompressionCodecName.GZIP,
          CompressionCodecName.ZSTD);

  @Property(tries = 25)
  void cutsCodecsAndReadersDoNotMatter(
      @ForAll @IntRange(min = 1, max = 300) int rows,
      @ForAll @IntRange(min = 1, max = 7) int files,
      @ForAll @IntRange(min = 0, max = 3) int codec,
      @ForAll @IntRange(min = 256, max = 20_000) int rowGroupBytes,
      @ForAll @IntRange(min = 1, max = 4) int readers,
      @ForAll long seed)
      throws Exception {
    CounterRandom random = new CounterRandom(seed);
    float[][] numbers = new float[rows][3];
    byte[] labels = new byte[rows];
    for (int i = 0; i < rows; i++) {
      labels[i] = (byte) random.nextInt(4);
      for (int p = 0; p < 3; p++) {
        numbers[i][p] = (float) random.nextDouble();
      }
    }
    Path directory = Files.createTempDirectory("parquet");
    try {
      write(directory, numbers, labels, files, CODECS.get(codec), rowGroupBytes);

      assertThat(fingerprints(directory, readers))
          .containsExactly(
              new Examples(new FloatFeatures(Shape.vector(3), numbers), 4, labels).fingerprint());
    } finally {
      delete(directory);
    }
  }

  private static void write(
      Path directory,
      float[][] numbers,
      byte[] labels,
      int files,
      CompressionCodecName codec,
      int rowGroupBytes) {
    ParquetFile format =
        new ParquetFile(
            ParquetFile.of(
                    "required int32 label; required group x (LIST)"
                        + " { repeated group list { required double element; } }")
                .schema(),
            codec,
            rowGroupBytes);
    for (int file = 0; file < files; file++) {
      List<Consumer<Group>> part = new ArrayList<>();
      for (int i = numbers.length * file / files; i < numbers.length * (file + 1) / files; i++) {
        int row = i;
        part.add(
            group -> {
              group.add("label", (int) labels[row]);
              ParquetFile.addArray(
                  group,
                  "x",
                  (double) numbers[row][0],
                  (double) numbers[row][1],
                  (double) numbers[row][2]);
            });
      }
      format.write(directory.resolve("part-%05d.parquet".formatted(file)), part);
    }
  }

  /** What so many readers, who share nothing, see at the same time. */
  private static Set<String> fingerprints(Path directory, int readers) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(readers);
    try {
      List<Future<String>> seen = new ArrayList<>();
      for (int reader = 0; reader < readers; reader++) {
        seen.add(threads.submit(() -> read(directory)));
      }
      Set<String> fingerprints = new HashSet<>();
      for (Future<String> each : seen) {
        fingerprints.add(each.get());
      }
      return fingerprints;
    } finally {
      threads.shutdownNow();
    }
  }

  private static String read(Path directory) {
    return InputSource.of(
            "{parquet: '%s', features: x, label: label}".formatted(directory),
            Optional.empty(),
            Optional.empty())
        .examples(4)
        .fingerprint();
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
