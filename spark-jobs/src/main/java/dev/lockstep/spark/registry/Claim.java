package dev.lockstep.spark.registry;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.Section;
import java.time.Duration;
import java.time.Instant;

/**
 * Who holds a lease, and until when unless it is renewed.
 *
 * @param fence from 1; each claim has a higher one than those before
 * @param host where the holder runs
 * @param pid of its process
 * @param begun when that process began, where the system tells; otherwise the epoch
 * @param expires when others may take the lease
 * @param released whether the holder has given it back
 */
record Claim(long fence, String host, long pid, Instant begun, Instant expires, boolean released) {
  private static final Duration CLOCKS_DIFFER = Duration.ofSeconds(10);

  static Claim read(long fence, Section section) {
    Claim claim =
        new Claim(
            fence,
            section.text("host"),
            section.whole("pid", 0, 0, Long.MAX_VALUE),
            section.has("begun") ? RegistryFile.time(section, "begun") : Instant.EPOCH,
            RegistryFile.time(section, "expires"),
            section.flag("released", false));
    section.done();
    return claim;
  }

  ObjectNode toJson() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("host", host)
        .put("pid", pid)
        .put("begun", begun.toString())
        .put("expires", expires.toString())
        .put("released", released);
  }

  Claim until(Instant time) {
    return new Claim(fence, host, pid, begun, time, released);
  }

  Claim release() {
    return new Claim(fence, host, pid, begun, expires, true);
  }

  /** When {@code process} began, as {@link #begun} says it. */
  static Instant begun(ProcessHandle process) {
    return process.info().startInstant().orElse(Instant.EPOCH);
  }

  /** Whether the holder's process, which was one of this machine, is there no more. */
  boolean isDead() {
    return ProcessHandle.of(pid)
        .filter(ProcessHandle::isAlive)
        .filter(each -> Duration.between(begun(each), begun).abs().compareTo(CLOCKS_DIFFER) < 0)
        .isEmpty();
  }

  boolean isFree(Instant now) {
    return released || !now.isBefore(expires);
  }

  @Override
  public String toString() {
    return "process %d on %s until %s, unless it renews it (fence %d)"
        .formatted(pid, host, expires, fence);
  }
}
