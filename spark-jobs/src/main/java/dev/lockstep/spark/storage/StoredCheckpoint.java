package dev.lockstep.spark.storage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;

/**
 * A checkpoint whose manifest is whole. Each of its files is checked as it is read.
 *
 * @param location where it lies
 * @param about what the manifest says
 */
public record StoredCheckpoint(Location location, ObjectNode about) {
  private static final int DRAIN = 1 << 13;

  static StoredCheckpoint open(Location location) throws IOException {
    Location manifest = location.child(Seal.NAME);
    try (InputStream in = manifest.open().orElse(null)) {
      if (in == null) {
        throw new DamagedException(manifest + " is missing");
      }
      return new StoredCheckpoint(
          location, Seal.read(manifest.toString(), in.readNBytes(Seal.MOST_BYTES)));
    }
  }

  /** What takes a file's bytes. */
  @FunctionalInterface
  public interface Reader {
    /** Reads all of {@code in} that it needs. */
    void read(InputStream in) throws IOException;
  }

  /**
   * Reads a file whose length is known; what {@code reader} took must not be used after an error.
   *
   * @throws DamagedException if it is missing, longer or shorter, or a byte of it is another than
   *     when it was written
   */
  public void read(String part, long length, Reader reader) throws IOException {
    Location file = location.child(part);
    JsonNode expected = Seal.part(about, part);
    if (expected.path("bytes").asLong(-1) != length) {
      throw new DamagedException(
          "%s has %s bytes by its manifest, but such a training needs %d"
              .formatted(file, expected.path("bytes").asText("no"), length));
    }
    Digest digest = new Digest();
    try (InputStream stored = file.open().orElse(null)) {
      if (stored == null) {
        throw new DamagedException(file + " is missing");
      }
      InputStream in = digest.over(stored);
      reader.read(in);
      byte[] rest = new byte[DRAIN];
      while (digest.bytes() <= length && in.read(rest) > 0) {
        continue;
      }
    } catch (java.io.EOFException e) {
      throw new DamagedException("%s is truncated: it %s".formatted(file, e.getMessage()));
    }
    if (digest.bytes() != length) {
      throw new DamagedException(
          "%s has %s than the %d bytes that were written"
              .formatted(file, digest.bytes() < length ? "fewer" : "more", length));
    }
    if (!digest.sha256().equals(expected.path("sha256").asText())) {
      throw new DamagedException(
          "%s has not the content that it was written with (its SHA-256 is another)"
              .formatted(file));
    }
  }

  /**
   * A whole file of at most {@code most} bytes.
   *
   * @throws DamagedException as {@link #read(String, long, Reader)}, or if it is longer
   */
  public byte[] bytes(String part, int most) throws IOException {
    long length = Seal.part(about, part).path("bytes").asLong(-1);
    if (length < 0 || length > most) {
      throw new DamagedException(
          "%s has %d bytes by its manifest, but must have from 0 to %d"
              .formatted(location.child(part), length, most));
    }
    byte[] bytes = new byte[(int) length];
    read(part, length, in -> in.readNBytes(bytes, 0, bytes.length));
    return bytes;
  }
}
