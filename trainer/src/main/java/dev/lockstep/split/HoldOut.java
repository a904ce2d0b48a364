package dev.lockstep.split;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.lockstep.data.Examples;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How many training examples are held out for validation, and which.
 *
 * @param examples how many; 0 if {@code fraction} says it or none are held out
 * @param fraction which part of all, from 0 to 1 (exclusive), rounded to whole examples; 0 if
 *     {@code examples} says it or none are held out
 * @param select which ones
 * @throws IllegalArgumentException if a number is out of its range or both are given
 */
public record HoldOut(int examples, double fraction, Select select) implements Validation {
  /** Holds nothing out. */
  public static final HoldOut NONE = new HoldOut(0, 0, Select.FIRST);

  private static final long SHUFFLE = 0x686F6C64L;
  private static final long STRATIFY = 0x73747261L;

  /** Which examples are held out. */
  public enum Select {
    /** Those that come first in the data set. */
    FIRST,
    /** Any, drawn by the seed. */
    SHUFFLED,
    /** Drawn by the seed within each class, so that each class has its share. */
    STRATIFIED;

    /** The word for it in a file. */
    @JsonValue
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public HoldOut {
    if (examples < 0 || !(fraction >= 0 && fraction < 1)) {
      throw new IllegalArgumentException(
          "examples is %d but must be >= 0, fraction is %s but must be >= 0 and < 1"
              .formatted(examples, fraction));
    }
    if (examples > 0 && fraction > 0) {
      throw new IllegalArgumentException("examples and fraction are both given");
    }
  }

  /**
   * Reads {@code examples} (a count) or {@code fraction}, and {@code select}: {@code first} (the
   * default), {@code shuffled} or {@code stratified}. Without a count or fraction nothing is held
   * out.
   *
   * @throws ConfigurationException if both are given, a value is out of its range or a key is
   *     unknown
   */
  public static HoldOut read(Section section) {
    int examples = section.whole("examples", 0, 0);
    double fraction =
        section.number("fraction", 0, "a number from 0 to less than 1", f -> f >= 0 && f < 1);
    Select select = section.choice("select", Select.FIRST, List.of(Select.values()), Select::word);
    section.done();
    if (examples > 0 && fraction > 0) {
      throw new ConfigurationException(
          "%s: 'examples' is %d and 'fraction' is %s but only one of them may be given; null takes one away"
              .formatted(section.where(), examples, fraction));
    }
    return new HoldOut(examples, fraction, select);
  }

  /**
   * Splits {@code training}. With {@code stratified}, each class' number of validation examples
   * differs from its exact share by less than one: shares are rounded down, and what is then
   * missing goes to the largest remainders (Hamilton's method), the lower class first.
   *
   * @throws ConfigurationException if no example would be held out though some were asked for, or
   *     none would be left to learn from
   */
  @Override
  public Split split(Examples training, long seed) {
    int count = count(training.size());
    IntStream chosen =
        switch (select) {
          case FIRST -> IntStream.range(0, count);
          case SHUFFLED -> shuffled(training.size(), seed).limit(count);
          case STRATIFIED -> stratified(training, count, seed);
        };
    return Split.validatingOn(chosen, training.size());
  }

  @Override
  public boolean validates() {
    return examples > 0 || fraction > 0;
  }

  private int count(int all) {
    int count = fraction > 0 ? (int) Math.round(fraction * all) : examples;
    if (count >= all) {
      throw new ConfigurationException(
          "validation: %s holds out %d of %d training examples but must leave at least one"
              .formatted(asked(), count, all));
    }
    if (count == 0 && fraction > 0) {
      throw new ConfigurationException(
          "validation: %s holds out none of %d training examples but must hold out at least one"
              .formatted(asked(), all));
    }
    return count;
  }

  private String asked() {
    return fraction > 0 ? "fraction " + fraction : "examples " + examples;
  }

  private static IntStream shuffled(int all, long seed) {
    int[] order = IntStream.range(0, all).toArray();
    new CounterRandom(CounterRandom.key(seed, SHUFFLE)).shuffle(order);
    return Arrays.stream(order);
  }

  private static IntStream stratified(Examples training, int count, long seed) {
    int[][] classes = ClassOrder.shuffled(training, CounterRandom.key(seed, STRATIFY));
    int[] sizes = Arrays.stream(classes).mapToInt(members -> members.length).toArray();
    int[] shares = shares(sizes, training.size(), count);
    return IntStream.range(0, classes.length)
        .flatMap(c -> Arrays.stream(classes[c]).limit(shares[c]));
  }

  private static int[] shares(int[] sizes, int all, int count) {
    int[] shares = new int[sizes.length];
    long[] remainders = new long[sizes.length];
    int missing = count;
    for (int c = 0; c < sizes.length; c++) {
      long exact = (long) sizes[c] * count;
      shares[c] = (int) (exact / all);
      remainders[c] = exact % all;
      missing -= shares[c];
    }
    IntStream.range(0, sizes.length)
        .boxed()
        .sorted((a, b) -> Long.compare(remainders[b], remainders[a]))
        .limit(missing)
        .forEach(c -> shares[c]++);
    return shares;
  }
}
