package dev.lockstep.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What the report's values, which may come from a file, check of their parts. */
final class Values {
  private Values() {}

  static void require(String name, Object value) {
    if (value == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
  }

  /** A copy that cannot be changed. */
  static <T> List<T> list(String name, List<T> values) {
    require(name, values);
    if (values.stream().anyMatch(Objects::isNull)) {
      throw new IllegalArgumentException(name + " has an element that is null");
    }
    return List.copyOf(values);
  }

  /** A copy in the same order that cannot be changed. */
  static <V> Map<String, V> map(String name, Map<String, V> values) {
    require(name, values);
    values.forEach((key, value) -> require(name + "." + key, value));
    return Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }
}
