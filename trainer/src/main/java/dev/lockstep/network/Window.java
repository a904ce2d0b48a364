package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.lockstep.yaml.Section;
import java.util.List;

/** How a convolution or a pooling moves over its image. */
public record Window(@JsonIgnore Size size, Size strides, Padding padding) {
  static Padding readPadding(Section section) {
    return section.choice("padding", Padding.VALID, List.of(Padding.values()), Padding::word);
  }

  /**
   * How many windows there are, down and across.
   *
   * @param key what errors call the size of the window
   * @throws IllegalArgumentException if the image is smaller than one window
   */
  Size over(ActivationShape.Image image, String key) {
    if (padding == Padding.SAME) {
      return new Size(
          (image.height() - 1) / strides.height() + 1, (image.width() - 1) / strides.width() + 1);
    }
    if (size.height() > image.height() || size.width() > image.width()) {
      throw new IllegalArgumentException(
          "%s is %s but its input is %s; %s must be at most %d x %d, or padding same"
              .formatted(key, size, image, key, image.height(), image.width()));
    }
    return new Size(
        (image.height() - size.height()) / strides.height() + 1,
        (image.width() - size.width()) / strides.width() + 1);
  }

  /** The image that a layer takes as its input, or an error that says what to do. */
  static ActivationShape.Image image(ActivationShape input) {
    if (input instanceof ActivationShape.Image image) {
      return image;
    }
    throw new IllegalArgumentException(
        "its input must be an image (height x width x channels) but is %s; put it before every"
                .formatted(input instanceof ActivationShape.Flat ? "flat, " + input : input)
            + " flatten, dense or recurrent layer");
  }

  int[] kernel() {
    return new int[] {size.height(), size.width()};
  }

  int[] stride() {
    return new int[] {strides.height(), strides.width()};
  }

  String description() {
    return size
        + (strides.equals(new Size(1, 1)) ? "" : ", strides " + strides)
        + (padding == Padding.SAME ? ", padding same" : "");
  }
}
