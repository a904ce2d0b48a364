package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.Section;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Predicate;

/**
 * What a challenger must be worth to take the champion's place. Both are measured on the same
 * examples, which neither has learned from.
 *
 * @param minimum the least value of a metric of which more is better
 * @param maximum the greatest value of a metric of which less is better
 * @param gain how much better than the champion's a metric must be at least; negative for how much
 *     worse it may be
 * @param significance the p that {@link McNemarTest} must stay below; empty for no test
 * @param recallDrop how much the recall of any class may fall; empty for any fall
 */
public record PromotionGate(
    Map<Metric, Double> minimum,
    Map<Metric, Double> maximum,
    Map<Metric, Double> gain,
    OptionalDouble significance,
    OptionalDouble recallDrop) {
  private static final String FINITE = "a number";

  /** A challenger need only be as accurate as the champion. */
  private static final Map<Metric, Double> DEFAULT_GAIN = Map.of(Metric.ACCURACY, 0.0);

  public PromotionGate {
    minimum = sorted(minimum);
    maximum = sorted(maximum);
    gain = sorted(gain);
  }

  private static Map<Metric, Double> sorted(Map<Metric, Double> values) {
    Map<Metric, Double> sorted = new EnumMap<>(Metric.class);
    sorted.putAll(values);
    return Collections.unmodifiableMap(sorted);
  }

  /**
   * The champion on the examples that the challenger was measured on.
   *
   * @param test of the challenger (first) against the champion (second)
   */
  public record Champion(Metrics metrics, McNemarTest test) {}

  /**
   * What the gate says.
   *
   * @param promoted whether the challenger may take the champion's place
   * @param reasons why; if it may not, all there are against it
   */
  public record Verdict(boolean promoted, List<String> reasons) {
    public Verdict {
      reasons = List.copyOf(reasons);
    }
  }

  /**
   * Reads {@code minimum} ({@code {accuracy: 0.9, recall: 0.85}}), {@code maximum} ({@code {loss:
   * 0.4}}), {@code gain} ({@code {accuracy: 0.001, significance: 0.05}}; accuracy 0 without it) and
   * {@code recallDrop}.
   *
   * @throws dev.lockstep.yaml.ConfigurationException if a key is unknown or a value cannot be used
   */
  public static PromotionGate read(Section section) {
    Section minimum = section.section("minimum");
    Section maximum = section.section("maximum");
    Section gain = section.section("gain");
    PromotionGate gate =
        new PromotionGate(
            values(minimum, Metric::higherIsBetter, 0),
            values(maximum, metric -> !metric.higherIsBetter(), 0),
            section.has("gain") ? values(gain, metric -> true, -1) : DEFAULT_GAIN,
            fraction(gain, "significance"),
            fraction(section, "recallDrop"));
    minimum.done();
    maximum.done();
    gain.done();
    section.done();
    return gate;
  }

  /** Of metrics of which higher is better, all are fractions, and from {@code least} to 1. */
  private static Map<Metric, Double> values(Section section, Predicate<Metric> allowed, int least) {
    Map<Metric, Double> values = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      if (allowed.test(metric) && section.has(metric.word())) {
        values.put(
            metric,
            metric.higherIsBetter()
                ? section.number(
                    metric.word(),
                    0,
                    "a number from %d to 1".formatted(least),
                    value -> value >= least && value <= 1)
                : section.number(metric.word(), 0, FINITE, value -> true));
      }
    }
    return values;
  }

  /** What {@link #read} reads; a limit that there is not is missing. */
  public ObjectNode tree() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    minimum.forEach((metric, least) -> tree.withObject("/minimum").put(metric.word(), least));
    maximum.forEach((metric, most) -> tree.withObject("/maximum").put(metric.word(), most));
    ObjectNode least = tree.putObject("gain");
    gain.forEach((metric, value) -> least.put(metric.word(), value));
    significance.ifPresent(level -> least.put("significance", level));
    recallDrop.ifPresent(most -> tree.put("recallDrop", most));
    return tree;
  }

  private static OptionalDouble fraction(Section section, String key) {
    return section.has(key)
        ? OptionalDouble.of(
            section.number(key, 0, "a number from 0 to 1", value -> value >= 0 && value <= 1))
        : OptionalDouble.empty();
  }

  /**
   * Whether {@code challenger} may take the place of {@code champion}.
   *
   * @param champion empty if there is none yet: then only {@code minimum} and {@code maximum} count
   */
  public Verdict judge(Metrics challenger, Optional<Champion> champion) {
    List<String> against = new ArrayList<>();
    minimum.forEach(
        (metric, least) -> {
          if (!(metric.of(challenger) >= least)) {
            against.add(
                text(
                    "%s is %.4f but must be at least %s",
                    metric.word(), metric.of(challenger), least));
          }
        });
    maximum.forEach(
        (metric, most) -> {
          if (!(metric.of(challenger) <= most)) {
            against.add(
                text(
                    "%s is %.4f but must be at most %s",
                    metric.word(), metric.of(challenger), most));
          }
        });
    champion.ifPresent(other -> compare(challenger, other, against));
    return against.isEmpty()
        ? new Verdict(true, List.of(reason(challenger, champion)))
        : new Verdict(false, against);
  }

  private void compare(Metrics challenger, Champion champion, List<String> against) {
    gain.forEach(
        (metric, least) -> {
          double now = metric.of(challenger);
          double before = metric.of(champion.metrics());
          double gained = metric.higherIsBetter() ? now - before : before - now;
          if (!(gained >= least)) {
            against.add(
                text(
                    "%s is %.4f and the champion's %.4f: a gain of %.4f, which must be at least %s",
                    metric.word(), now, before, gained, least));
          }
        });
    significance.ifPresent(
        level -> {
          McNemarTest test = champion.test();
          if (!(test.p() < level && test.onlyFirst() > test.onlySecond())) {
            against.add(
                text(
                    "the gain is not significant: it alone is right about %d examples and the champion alone about %d, McNemar's p is %.3g but must be less than %s",
                    test.onlyFirst(), test.onlySecond(), test.p(), level));
          }
        });
    recallDrop.ifPresent(
        most ->
            compareRecall(challenger.confusion(), champion.metrics().confusion(), most, against));
  }

  private static void compareRecall(
      ConfusionMatrix challenger, ConfusionMatrix champion, double most, List<String> against) {
    for (int c = 0; c < challenger.classes(); c++) {
      if (champion.recall(c) - challenger.recall(c) > most) {
        against.add(
            text(
                "recall of class %d falls from %.4f to %.4f, which is more than %s",
                c, champion.recall(c), challenger.recall(c), most));
      }
    }
  }

  private static String reason(Metrics challenger, Optional<Champion> champion) {
    return champion
        .map(
            other ->
                text(
                    "accuracy %.4f, the champion's %.4f; McNemar's p %.3g",
                    challenger.accuracy(), other.metrics().accuracy(), other.test().p()))
        .orElseGet(() -> text("the first champion, accuracy %.4f", challenger.accuracy()));
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
