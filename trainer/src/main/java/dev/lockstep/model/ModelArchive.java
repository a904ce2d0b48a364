package dev.lockstep.model;

import dev.lockstep.yaml.ConfigurationException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * A trained model, as {@code model.zip} holds it. DL4J's {@code MultiLayerNetwork.load(file,
 * false)} opens the archive, and archives that DL4J's {@code ModelSerializer} wrote can be read,
 * though they have no description. The entries:
 *
 * <ul>
 *   <li>{@code lockstep.json}: the {@link ModelDescription};
 *   <li>{@code configuration.json}: DL4J's {@code MultiLayerConfiguration};
 *   <li>{@code coefficients.bin}: the parameters, as {@code Nd4j.write} lays them out.
 * </ul>
 *
 * <p>Reading never deserialises Java objects: other entries, {@code preprocessor.bin} among them,
 * are passed over. Immutable as long as nobody changes {@code parameters}, which are not copied.
 *
 * @param configurationJson DL4J's configuration as JSON
 * @param parameters all parameters, in DL4J's own order
 * @param description what Lockstep knows of the model; empty if DL4J alone wrote it
 * @throws IllegalArgumentException if there is no parameter or more than 2<sup>28</sup>
 */
public record ModelArchive(
    String configurationJson, float[] parameters, Optional<ModelDescription> description) {
  private static final String DESCRIPTION = "lockstep.json";
  private static final String CONFIGURATION = "configuration.json";
  private static final String COEFFICIENTS = "coefficients.bin";

  private static final int LONGEST_TEXT = 16 << 20;
  private static final long MOST_IGNORED = 4L << 30;

  /** A date of zip's own calendar, so that equal models are equal files in every time zone. */
  private static final LocalDateTime TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

  public ModelArchive {
    Objects.requireNonNull(configurationJson, "configurationJson");
    Objects.requireNonNull(description, "description");
    if (parameters.length < 1 || parameters.length > Coefficients.MOST) {
      throw new IllegalArgumentException(
          "a model of %d parameters; an archive holds from 1 to %d"
              .formatted(parameters.length, Coefficients.MOST));
    }
  }

  /**
   * Writes the archive; {@code out} stays open. Equal archives give equal bytes, everywhere and
   * always: entries are stored without compression (parameters hardly compress) and bear a fixed
   * date.
   */
  public void write(OutputStream out) throws IOException {
    ZipOutputStream zip = new ZipOutputStream(out);
    if (description.isPresent()) {
      byte[] json = description.get().toJson();
      store(zip, DESCRIPTION, target -> target.write(json));
    }
    byte[] configuration = configurationJson.getBytes(StandardCharsets.UTF_8);
    store(zip, CONFIGURATION, target -> target.write(configuration));
    store(zip, COEFFICIENTS, target -> Coefficients.write(parameters, target));
    zip.finish();
    zip.flush();
  }

  @FunctionalInterface
  private interface Content {
    void write(OutputStream out) throws IOException;
  }

  /** A stored entry's size and checksum stand before its content, so content is produced twice. */
  private static void store(ZipOutputStream zip, String name, Content content) throws IOException {
    Size size = new Size();
    CRC32 crc = new CRC32();
    content.write(new CheckedOutputStream(size, crc));
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setTimeLocal(TIME);
    entry.setSize(size.bytes);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    content.write(zip);
    zip.closeEntry();
  }

  private static final class Size extends OutputStream {
    private long bytes;

    @Override
    public void write(int b) {
      bytes++;
    }

    @Override
    public void write(byte[] b, int from, int length) {
      bytes += length;
    }
  }

  /**
   * Reads an archive that Lockstep or DL4J wrote; {@code in} stays open.
   *
   * @param name what errors call the archive: the file's name
   * @throws ConfigurationException if the bytes are not such an archive, are damaged (each entry's
   *     checksum is compared) or cut short, or hold more than an archive may
   * @throws IOException if {@code in} itself fails
   */
  public static ModelArchive read(String name, InputStream in) throws IOException {
    return new Reader(name, new ZipInputStream(new BufferedInputStream(in, 1 << 16))).read();
  }

  /** One pass over the entries of an archive. */
  private static final class Reader {
    private final String name;
    private final ZipInputStream zip;
    private String configuration;
    private float[] parameters;
    private ModelDescription description;
    private long ignored;

    Reader(String name, ZipInputStream zip) {
      this.name = name;
      this.zip = zip;
    }

    ModelArchive read() throws IOException {
      String entry = next("the first entry");
      if (entry == null) {
        throw new ConfigurationException(
            name + ": not a zip archive; expected a model.zip of Lockstep or DL4J");
      }
      while (entry != null) {
        readEntry(entry);
        entry = next("what follows entry '" + shown(entry) + "'");
      }
      return new ModelArchive(
          present(CONFIGURATION, configuration),
          present(COEFFICIENTS, parameters),
          Optional.ofNullable(description));
    }

    private String next(String place) throws IOException {
      try {
        ZipEntry entry = zip.getNextEntry();
        return entry == null ? null : entry.getName();
      } catch (ZipException | EOFException | IllegalArgumentException e) {
        throw damaged(place, e);
      }
    }

    private void readEntry(String entry) throws IOException {
      String where = name + ": " + shown(entry);
      try {
        switch (entry) {
          case CONFIGURATION -> {
            once(where, configuration);
            configuration = text(where, bytes(where));
          }
          case COEFFICIENTS -> {
            once(where, parameters);
            parameters = Coefficients.read(where, zip);
          }
          case DESCRIPTION -> {
            once(where, description);
            description = ModelDescription.parse(where, bytes(where));
          }
          default -> ignore(where);
        }
      } catch (ZipException | EOFException e) {
        throw damaged("entry '" + shown(entry) + "'", e);
      }
    }

    private static void once(String where, Object before) {
      if (before != null) {
        throw new ConfigurationException(where + ": the archive has this entry twice");
      }
    }

    private byte[] bytes(String where) throws IOException {
      byte[] bytes = zip.readNBytes(LONGEST_TEXT + 1);
      if (bytes.length > LONGEST_TEXT) {
        throw new ConfigurationException(
            "%s: more than %d bytes, the most that this entry may have"
                .formatted(where, LONGEST_TEXT));
      }
      return bytes;
    }

    private static String text(String where, byte[] bytes) {
      try {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      } catch (CharacterCodingException e) {
        throw new ConfigurationException(where + ": not a text in UTF-8", e);
      }
    }

    private void ignore(String where) throws IOException {
      byte[] buffer = new byte[1 << 16];
      for (int count = zip.read(buffer); count >= 0; count = zip.read(buffer)) {
        ignored += count;
        if (ignored > MOST_IGNORED) {
          throw new ConfigurationException(
              "%s: entries that are not part of a model unpack to more than %d bytes"
                  .formatted(where, MOST_IGNORED));
        }
      }
    }

    private <T> T present(String entry, T value) {
      if (value == null) {
        throw new ConfigurationException(
            "%s: the archive has no entry '%s'; it is damaged, or no model.zip of Lockstep or DL4J"
                .formatted(name, entry));
      }
      return value;
    }

    private ConfigurationException damaged(String place, Exception cause) {
      String reason =
          cause instanceof EOFException
              ? "the file ends too early"
              : Objects.requireNonNullElse(cause.getMessage(), cause.toString());
      return new ConfigurationException(
          "%s: %s cannot be read: %s; the file is damaged, copy it again"
              .formatted(name, place, reason),
          cause);
    }

    /** An entry's name comes from outside: no control characters, and not for pages. */
    private static String shown(String entry) {
      String printable = entry.replaceAll("\\p{Cntrl}", "?");
      return printable.length() > 80 ? printable.substring(0, 80) + "..." : printable;
    }
  }

  /** Whether all parts are equal, the parameters by value. */
  @Override
  public boolean equals(Object other) {
    return other instanceof ModelArchive that
        && configurationJson.equals(that.configurationJson)
        && Arrays.equals(parameters, that.parameters)
        && description.equals(that.description);
  }

  @Override
  public int hashCode() {
    return Objects.hash(configurationJson, Arrays.hashCode(parameters), description);
  }

  @Override
  public String toString() {
    return "ModelArchive[%d parameters, description %s]".formatted(parameters.length, description);
  }
}
