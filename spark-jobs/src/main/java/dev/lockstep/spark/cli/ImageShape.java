package dev.lockstep.spark.cli;

import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The shape of an image on a command line: {@code 28x28}, or {@code 32x32x3} with channels. */
final class ImageShape {
  private static final Pattern SIZE =
      Pattern.compile("([1-9]\\d{0,8})x([1-9]\\d{0,8})(x([1-9]\\d{0,8}))?");

  private ImageShape() {}

  /**
   * The value {@code written} of {@code option}.
   *
   * @throws ConfigurationException if it is no shape
   */
  static Shape read(String option, String written) {
    Matcher sizes = SIZE.matcher(written);
    if (!sizes.matches()) {
      throw new ConfigurationException(
          "%s is '%s' but must be height x width, such as 28x28, or with channels, such as 32x32x3"
              .formatted(option, written));
    }
    try {
      return new Shape(
          Integer.parseInt(sizes.group(1)),
          Integer.parseInt(sizes.group(2)),
          sizes.group(4) == null ? 1 : Integer.parseInt(sizes.group(4)));
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(
          "%s is '%s': %s".formatted(option, written, e.getMessage()), e);
    }
  }
}
