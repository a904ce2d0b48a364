package dev.lockstep.spark.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which columns of a Parquet file are an example's features, one after the other.
 *
 * @param names at least one, each of numbers, arrays of numbers or Spark ML's vectors
 * @param sizes height, width and channels (channel last) of the image that the numbers are; empty
 *     if they are a plain vector
 */
record ParquetColumns(List<String> names, List<Integer> sizes) implements Serializable {
  private static final String FEATURES = "features";
  private static final String SHAPE = "shape";

  ParquetColumns {
    names = List.copyOf(names);
    sizes = List.copyOf(sizes);
  }

  /**
   * Reads the keys {@code features}, a column or a list of columns, and {@code shape}, {@code
   * [height, width]} or {@code [height, width, channels]}; empty if neither is there.
   */
  static Optional<ParquetColumns> readIfAny(Section section) {
    if (!section.has(FEATURES) && !section.has(SHAPE)) {
      return Optional.empty();
    }
    return Optional.of(read(section));
  }

  /** The same, where features must be there. */
  static ParquetColumns read(Section section) {
    return new ParquetColumns(names(section), sizes(section));
  }

  private static List<String> names(Section section) {
    JsonNode value = section.value(FEATURES);
    String rule = "the name of a column or a list of such names";
    if (value.isMissingNode()) {
      throw section.missing(FEATURES, rule);
    }
    List<String> names = new ArrayList<>();
    (value.isArray() ? value : List.of(value)).forEach(name -> names.add(name.asText()));
    if (names.isEmpty() || names.contains("") || value.isObject()) {
      throw section.wrong(FEATURES, value, rule);
    }
    return names;
  }

  private static List<Integer> sizes(Section section) {
    List<Integer> sizes = new ArrayList<>();
    long numbers = 1;
    for (JsonNode size : section.list(SHAPE)) {
      numbers *= size.isInt() ? Math.min(size.intValue(), ColumnNumbers.MOST + 1L) : 0;
      sizes.add(size.intValue());
      if (numbers < 1 || numbers > ColumnNumbers.MOST || sizes.size() > 3) {
        throw unfit(section);
      }
    }
    if (section.has(SHAPE) && sizes.size() < 2) {
      throw unfit(section);
    }
    return sizes;
  }

  private static ConfigurationException unfit(Section section) {
    return new ConfigurationException(
        "%s: shape is %s but must be [height, width] or [height, width, channels], each at least 1, with at most %d numbers in all"
            .formatted(section.where(), section.value(SHAPE), ColumnNumbers.MOST));
  }

  /** The shape, if the numbers are an image. */
  Optional<Shape> shape() {
    return sizes.isEmpty()
        ? Optional.empty()
        : Optional.of(new Shape(sizes.get(0), sizes.get(1), sizes.size() == 2 ? 1 : sizes.get(2)));
  }

  /** Writes the keys that {@link #read} reads. */
  void write(ObjectNode tree) {
    if (names.size() == 1) {
      tree.put(FEATURES, names.get(0));
    } else {
      names.forEach(tree.putArray(FEATURES)::add);
    }
    if (!sizes.isEmpty()) {
      ArrayNode shape = tree.putArray(SHAPE);
      sizes.forEach(shape::add);
    }
  }

  /** The columns as errors call them. */
  @Override
  public String toString() {
    return names.size() == 1
        ? "column '%s'".formatted(names.get(0))
        : "columns '%s'".formatted(String.join("', '", names));
  }
}
