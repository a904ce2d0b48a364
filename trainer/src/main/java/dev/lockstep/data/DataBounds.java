package dev.lockstep.data;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.Section;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What data must be like to be worth a training: a pipeline that broke upstream gives too few
 * examples, or others than it used to.
 *
 * @param minExamples how many there must be at least
 * @param maxExamples how many there may be
 * @param countChange how much more or fewer there may be than there were, as a part of what there
 *     were; empty for any difference
 * @param classShift how much the part that a class has of all examples may differ from what it was;
 *     empty for any difference
 */
public record DataBounds(
    long minExamples, long maxExamples, OptionalDouble countChange, OptionalDouble classShift) {
  /**
   * Reads {@code minExamples} (2), {@code maxExamples} (any), {@code countChange} (any, else 0 or
   * more) and {@code classShift} (any, else from 0 to 1).
   *
   * @throws dev.lockstep.yaml.ConfigurationException if a key is unknown or a value cannot be used
   */
  public static DataBounds read(Section section) {
    long least = section.whole("minExamples", 2, 2, Long.MAX_VALUE);
    DataBounds bounds =
        new DataBounds(
            least,
            section.whole("maxExamples", Long.MAX_VALUE, least, Long.MAX_VALUE),
            section.has("countChange")
                ? OptionalDouble.of(section.number("countChange", 0, "0 or more", v -> v >= 0))
                : OptionalDouble.empty(),
            section.has("classShift")
                ? OptionalDouble.of(
                    section.number("classShift", 0, "from 0 to 1", v -> v >= 0 && v <= 1))
                : OptionalDouble.empty());
    section.done();
    return bounds;
  }

  /** What {@link #read} reads; a bound that there is not is missing. */
  public ObjectNode tree() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode().put("minExamples", minExamples);
    if (maxExamples < Long.MAX_VALUE) {
      tree.put("maxExamples", maxExamples);
    }
    countChange.ifPresent(change -> tree.put("countChange", change));
    classShift.ifPresent(shift -> tree.put("classShift", shift));
    return tree;
  }

  /**
   * What is wrong with data, a sentence each; nothing if all is well.
   *
   * @param classes how many examples there are of each class
   * @param before the same of the data that the champion was made from
   */
  public List<String> violations(long[] classes, Optional<long[]> before) {
    List<String> found = new ArrayList<>();
    long examples = Arrays.stream(classes).sum();
    if (examples < minExamples) {
      found.add(
          "there are %d examples but there must be at least %d".formatted(examples, minExamples));
    }
    if (examples > maxExamples) {
      found.add(
          "there are %d examples but there may be at most %d".formatted(examples, maxExamples));
    }
    if (countChange.isPresent() && before.isPresent()) {
      long then = Arrays.stream(before.get()).sum();
      if (Math.abs((double) examples - then) > countChange.getAsDouble() * then) {
        found.add(
            String.format(
                Locale.ROOT,
                "there are %d examples and there were %d when the champion was trained, which differs by more than %s of those",
                examples,
                then,
                countChange.getAsDouble()));
      }
    }
    if (classShift.isPresent() && before.isPresent()) {
      double[] now = parts(classes);
      double[] then = parts(before.get());
      for (int c = 0; c < Math.max(now.length, then.length); c++) {
        double part = c < now.length ? now[c] : 0;
        double former = c < then.length ? then[c] : 0;
        if (Math.abs(part - former) > classShift.getAsDouble()) {
          found.add(
              String.format(
                  Locale.ROOT,
                  "class %d has %.4f of the examples and had %.4f when the champion was trained, which differs by more than %s",
                  c,
                  part,
                  former,
                  classShift.getAsDouble()));
        }
      }
    }
    return found;
  }

  private static double[] parts(long[] counts) {
    double sum = Arrays.stream(counts).sum();
    return Arrays.stream(counts).mapToDouble(count -> count / sum).toArray();
  }
}
