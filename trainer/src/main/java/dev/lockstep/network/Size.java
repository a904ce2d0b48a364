package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.yaml.Section;
import java.util.List;

/** Rows and columns: of a kernel, a pool, or of the steps between them. */
public record Size(int height, int width) {
  public Size {
    if (height <= 0 || width <= 0) {
      throw new IllegalArgumentException(
          "size is %d x %d but both must be > 0".formatted(height, width));
    }
  }

  /** A whole number for both, or {@code [height, width]}; {@code otherwise} if there is none. */
  static Size read(Section section, String key, Size otherwise) {
    JsonNode value = section.value(key);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (isDimension(value)) {
      return new Size(value.intValue(), value.intValue());
    }
    if (value.isArray()
        && value.size() == 2
        && isDimension(value.get(0))
        && isDimension(value.get(1))) {
      return new Size(value.get(0).intValue(), value.get(1).intValue());
    }
    throw section.wrong(key, value, RULE);
  }

  /** What {@link #read} reads it from. */
  @JsonValue
  List<Integer> pair() {
    return List.of(height, width);
  }

  static final String RULE = "a whole number of at least 1, or two of them: [height, width]";

  private static boolean isDimension(JsonNode value) {
    return value.isIntegralNumber() && value.canConvertToInt() && value.intValue() >= 1;
  }

  @Override
  public String toString() {
    return height + " x " + width;
  }
}
