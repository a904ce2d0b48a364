package dev.lockstep.spark.job;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.LeaseException;
import dev.lockstep.spark.storage.Content;
import dev.lockstep.spark.storage.Digest;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.RunDirectory;
import dev.lockstep.spark.storage.TimeSetting;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Writes the files of a run and remembers what the manifest says of them. */
final class RunFiles {
  /** Breaks lines in the same way on every system. */
  static final ObjectWriter JSON =
      new JsonMapper()
          .writer(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")));

  private static final int MOST_BYTES = 64 << 20;

  private final RunDirectory directory;
  private final ArrayNode written = JsonNodeFactory.instance.arrayNode();

  RunFiles(RunDirectory directory) {
    this.directory = directory;
  }

  /**
   * The text of a file of a run.
   *
   * @param file what errors call it
   * @param in its content; not closed
   * @throws ConfigurationException if it is longer than any such file
   */
  static String text(Location file, InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(MOST_BYTES + 1);
    if (bytes.length > MOST_BYTES) {
      throw new ConfigurationException(
          "%s: has more than %d bytes, the most that such a file can have; it is damaged"
              .formatted(file, MOST_BYTES));
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Where they lie. */
  Location location() {
    return directory.location();
  }

  /**
   * The right to write them, which one process has at a time.
   *
   * @throws LeaseException if another process has it
   */
  Lease lease() {
    try {
      return Lease.takeOver(location(), TimeSetting.LEASE_TIMEOUT.value());
    } catch (LeaseException e) {
      throw new LeaseException(
          e.getMessage() + "; only one process may be at a run: let it end, or end it");
    } catch (IOException e) {
      throw new UncheckedIOException(
          "%s: cannot be written to: %s".formatted(location(), Location.reason(e)), e);
    }
  }

  /**
   * Makes sure that what was waited for is still to be done.
   *
   * @param lease of the run, which is given back if not
   * @throws RunEndedException if another process has ended the run meanwhile
   */
  void requireUnended(Lease lease) {
    try {
      ExistingRun.requireUnended(location());
    } catch (RunEndedException e) {
      lease.delete();
      throw e;
    }
  }

  /** Name, bytes and SHA-256 of each file so far, in the order of writing. */
  ArrayNode written() {
    return written;
  }

  void write(String name, String text) {
    write(name, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  void write(String name, JsonNode json) {
    write(
        name,
        out -> out.write((JSON.writeValueAsString(json) + "\n").getBytes(StandardCharsets.UTF_8)));
  }

  void write(String name, Content content) {
    Digest digest = new Digest();
    try {
      directory.write(name, out -> content.writeTo(digest.over(out)));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "%s: cannot be written: %s".formatted(location().child(name), Location.reason(e)), e);
    }
    written
        .addObject()
        .put("name", name)
        .put("bytes", digest.bytes())
        .put("sha256", digest.sha256());
  }
}
