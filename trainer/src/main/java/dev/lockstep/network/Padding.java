package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import org.deeplearning4j.nn.conf.ConvolutionMode;

/** What a window does at the border of its image, with Keras' names. */
public enum Padding {
  /** It stays inside; rows and columns that do not fill a window are left out. */
  VALID,
  /**
   * Zeros are added so that the output is the input's size divided by the strides, rounded up; the
   * odd row or column of zeros at the bottom or right. Average pooling does not count them.
   */
  SAME;

  /** Keras' name. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  ConvolutionMode dl4j() {
    return this == VALID ? ConvolutionMode.Truncate : ConvolutionMode.Same;
  }
}
