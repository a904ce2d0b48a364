package dev.lockstep.spark.cli;

import dev.lockstep.spark.LogLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Process 12 on the machine far, which is at a run of this process's. */
final class OtherProcess {
  private OtherProcess() {}

  /** Takes the lease of {@code run}, which it renews for ten minutes. */
  static void claim(Path run, int fence) throws IOException {
    write(run, fence, false);
  }

  /**
   * What {@code resuming} the run gives, which waits for this process and finds that it has ended
   * the run meanwhile.
   */
  static Invocation endsTheRunBefore(Path run, Supplier<Invocation> resuming) throws Exception {
    claim(run, 1);
    try (LogLines log = LogLines.open()) {
      CompletableFuture<Invocation> resumed = CompletableFuture.supplyAsync(resuming);
      log.await("waiting for its lease, which is held by process 12 on far");
      Files.writeString(run.resolve("manifest.json"), "{}");
      write(run, 1, true);
      return resumed.get(20, TimeUnit.SECONDS);
    }
  }

  /** Whole, as other processes write theirs: whoever reads meanwhile sees the old one. */
  private static void write(Path run, int fence, boolean released) throws IOException {
    Path lease = Files.createDirectories(run.resolve("lease"));
    Path written =
        Files.writeString(
            lease.resolve("claim.tmp"),
            "{host: far, pid: 12, numbering: far, expires: '%s', released: %s}"
                .formatted(Instant.now().plusSeconds(600), released));
    Files.move(
        written,
        lease.resolve("%06d.json".formatted(fence)),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.ATOMIC_MOVE);
  }
}
