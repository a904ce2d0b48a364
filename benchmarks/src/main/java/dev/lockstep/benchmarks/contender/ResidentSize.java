package dev.lockstep.benchmarks.contender;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** What this process holds of the machine's memory. */
final class ResidentSize {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String KEY = "VmRSS:";
  private static final int KIBIBYTE = 1024;

  private ResidentSize() {}

  /** Bytes, after a collection of garbage; none where the system does not tell. */
  static OptionalLong bytes() {
    System.gc();
    try (Stream<String> lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith(KEY))
          .mapToLong(
              line -> Long.parseLong(line.substring(KEY.length()).strip().split(" ")[0]) * KIBIBYTE)
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }
}
