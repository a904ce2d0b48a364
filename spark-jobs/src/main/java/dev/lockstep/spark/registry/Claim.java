package dev.lockstep.spark.registry;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.Section;
import java.time.Instant;

/**
 * Who holds a registry's lease, and until when unless it is renewed.
 *
 * @param fence from 1; each claim has a higher one than those before
 * @param host where the holder runs
 * @param pid of its process
 * @param expires when others may take the lease
 * @param released whether the holder has given it back
 */
record Claim(long fence, String host, long pid, Instant expires, boolean released) {
  static Claim read(long fence, Section section) {
    Claim claim =
        new Claim(
            fence,
            section.text("host"),
            section.whole("pid", 0, 0, Long.MAX_VALUE),
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
        .put("expires", expires.toString())
        .put("released", released);
  }

  Claim until(Instant time) {
    return new Claim(fence, host, pid, time, released);
  }

  Claim release() {
    return new Claim(fence, host, pid, expires, true);
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
