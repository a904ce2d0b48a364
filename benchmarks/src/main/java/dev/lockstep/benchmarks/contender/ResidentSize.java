package dev.lockstep.benchmarks.contender;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a process holds of the machine's memory.
 *
 * @param bytes after a collection of garbage (Linux' VmRSS)
 * @param peakBytes the most since {@link #forgetPeak} (Linux' VmHWM)
 */
public record ResidentSize(long bytes, long peakBytes) implements Serializable {
  private static final Logger LOG = LoggerFactory.getLogger(ResidentSize.class);
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path CLEAR = Path.of("/proc/self/clear_refs");

  /** What Linux takes for: forget the peak. */
  private static final String PEAK = "5";

  private static final int KIBIBYTE = 1024;
  private static final ResidentSize NONE = new ResidentSize(0, 0);

  /** Those of this process; none where the system does not tell. */
  static Optional<ResidentSize> now() {
    System.gc();
    if (!Files.isReadable(STATUS)) {
      return Optional.empty();
    }
    try {
      List<String> lines = Files.readAllLines(STATUS);
      return Optional.of(new ResidentSize(bytes(lines, "VmRSS:"), bytes(lines, "VmHWM:")));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * That of an executor, the one that holds the most; none where the system does not tell.
   *
   * @param executors how many there are, with a core each
   */
  static Optional<ResidentSize> ofExecutor(JavaSparkContext spark, int executors) {
    List<Integer> one = IntStream.range(0, executors).boxed().toList();
    return spark.parallelize(one, executors).map(i -> now().orElse(NONE)).collect().stream()
        .max(Comparator.comparingLong(ResidentSize::bytes))
        .filter(size -> !size.equals(NONE));
  }

  private static long bytes(List<String> lines, String key) {
    return lines.stream()
        .filter(line -> line.startsWith(key))
        .mapToLong(
            line -> Long.parseLong(line.substring(key.length()).strip().split(" ")[0]) * KIBIBYTE)
        .findFirst()
        .orElseThrow();
  }

  /** Has the system count the peak anew; where it does not, the peak is since the process began. */
  static void forgetPeak() {
    try {
      Files.writeString(CLEAR, PEAK);
    } catch (IOException e) {
      LOG.debug("the peak of the resident size is since the process began", e);
    }
  }
}
