package dev.lockstep.spark.registry;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.Section;
import java.time.Instant;

/**
 * Who holds a lease, and until when unless it is renewed.
 *
 * @param fence from 1; each claim has a higher one than those that lie beside it
 * @param expires when others may take the lease
 * @param released whether the holder has given it back
 */
record Claim(long fence, Holder holder, Instant expires, boolean released) {
  static Claim read(long fence, Section section) {
    Claim claim =
        new Claim(
            fence,
            Holder.read(section),
            RegistryFile.time(section, "expires"),
            section.flag("released", false));
    section.done();
    return claim;
  }

  ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    holder.putInto(json);
    return json.put("expires", expires.toString()).put("released", released);
  }

  Claim until(Instant time) {
    return new Claim(fence, holder, time, released);
  }

  Claim release() {
    return new Claim(fence, holder, expires, true);
  }

  /** Whether this one, read later, is the {@code other}, held by the same process still. */
  boolean isSameAs(Claim other) {
    return fence == other.fence && holder.equals(other.holder) && !released;
  }

  boolean isFree(Instant now) {
    return released || !now.isBefore(expires);
  }

  @Override
  public String toString() {
    return "%s until %s, unless it renews it (fence %d)".formatted(holder, expires, fence);
  }
}
