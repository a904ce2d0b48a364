package dev.lockstep.data;

import dev.lockstep.yaml.ConfigurationException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The MNIST data set of handwritten digits that comes with the program: 60,000 training and 10,000
 * test images of 28 x 28 in ten classes (Y. LeCun, C. Cortes, C. Burges; CC BY-SA 3.0).
 */
public final class Mnist {
  private static final String FOLDER = "mnist/";
  private static final String SUMS = "SHA256SUMS";

  private Mnist() {}

  /**
   * Reads the embedded files, each checked against its SHA-256 sum.
   *
   * @throws ConfigurationException if the program's jar is damaged
   */
  public static Dataset load() {
    return load(Mnist::resource);
  }

  /**
   * The same without pixels, see {@link IdxDirectory#outline}.
   *
   * @throws ConfigurationException if the program's jar is damaged
   */
  public static Dataset outline() {
    return directory(Mnist::resource).outline();
  }

  private static Optional<InputStream> resource(String name) {
    return Optional.ofNullable(Mnist.class.getResourceAsStream(FOLDER + name));
  }

  /** Reads the gzipped files and their sums from {@code resources}. */
  static Dataset load(FileSource resources) {
    return directory(resources).dataset();
  }

  private static IdxDirectory directory(FileSource resources) {
    Map<String, String> sums = sums(resources);
    return new IdxDirectory("mnist", name -> checked(name, resources, sums));
  }

  private static Map<String, String> sums(FileSource resources) {
    try (InputStream in = resources.open(SUMS).orElseThrow(() -> damaged(SUMS, "is missing"))) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII)
          .lines()
          .map(line -> line.split("  ", 2))
          .collect(Collectors.toMap(sumAndName -> sumAndName[1], sumAndName -> sumAndName[0]));
    } catch (IOException e) {
      throw damaged(SUMS, "cannot be read: " + e.getMessage());
    }
  }

  private static Optional<InputStream> checked(
      String name, FileSource resources, Map<String, String> sums) {
    if (!sums.containsKey(name)) {
      return Optional.empty();
    }
    try (InputStream in = resources.open(name).orElseThrow(() -> damaged(name, "is missing"))) {
      byte[] content = in.readAllBytes();
      String sum = HexFormat.of().formatHex(Outline.sha256().digest(content));
      if (!sum.equals(sums.get(name))) {
        throw damaged(name, "has SHA-256 %s but must have %s".formatted(sum, sums.get(name)));
      }
      return Optional.of(new ByteArrayInputStream(content));
    } catch (IOException e) {
      throw damaged(name, "cannot be read: " + e.getMessage());
    }
  }

  private static ConfigurationException damaged(String name, String found) {
    return new ConfigurationException(
        "the embedded MNIST file %s %s; the program's jar is damaged, build or download it again"
            .formatted(name, found));
  }
}
