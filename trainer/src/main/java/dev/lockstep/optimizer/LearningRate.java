package dev.lockstep.optimizer;

import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The learning rate of each step, by Keras' formulas. Steps count from 0 here, as Keras' {@code
 * iterations} do: the first update has {@code at(0)}. Immutable and safe for use by many threads.
 */
public sealed interface LearningRate {
  /** The learning rate of {@code step}, which is at least 0. */
  double at(long step);

  /** What {@link #read} reads it from, every default written out. */
  @JsonValue
  JsonNode tree();

  /**
   * Always the same.
   *
   * @param value above 0
   */
  record Constant(double value) implements LearningRate {
    public Constant {
      Range.POSITIVE.check("learningRate", value);
    }

    @Override
    public double at(long step) {
      return value;
    }

    @Override
    public JsonNode tree() {
      return DoubleNode.valueOf(value);
    }
  }

  /**
   * Keras' {@code PiecewiseConstantDecay}: {@code values[0]} up to and including step {@code
   * boundaries[0]}, then {@code values[1]} up to and including step {@code boundaries[1]}, and so
   * on; the last value for ever.
   *
   * @param boundaries steps, each at least 0 and above the one before
   * @param values each above 0, one more than there are boundaries
   */
  record Step(List<Long> boundaries, List<Double> values) implements LearningRate {
    public Step {
      boundaries = List.copyOf(boundaries);
      values = List.copyOf(values);
      if (values.size() != boundaries.size() + 1) {
        throw new IllegalArgumentException(
            "%d values for %d boundaries but there must be one more value than boundaries"
                .formatted(values.size(), boundaries.size()));
      }
      long before = -1;
      for (long boundary : boundaries) {
        if (boundary <= before) {
          throw new IllegalArgumentException(
              "boundaries are %s but must be at least 0 and ascend".formatted(boundaries));
        }
        before = boundary;
      }
      values.forEach(value -> Range.POSITIVE.check("values", value));
    }

    @Override
    public double at(long step) {
      int place = 0;
      while (place < boundaries.size() && step > boundaries.get(place)) {
        place++;
      }
      return values.get(place);
    }

    @Override
    public ObjectNode tree() {
      ObjectNode tree = scheduled("step");
      ArrayNode steps = tree.putArray("boundaries");
      boundaries.forEach(steps::add);
      ArrayNode rates = tree.putArray("values");
      values.forEach(rates::add);
      return tree;
    }
  }

  /**
   * Keras' {@code ExponentialDecay}: {@code initial decayRate^(step / decaySteps)}; with {@code
   * staircase} the quotient is rounded down, so that the rate falls once every {@code decaySteps}
   * steps.
   *
   * @param initial above 0
   * @param decaySteps at least 1
   * @param decayRate above 0
   */
  record Exponential(double initial, long decaySteps, double decayRate, boolean staircase)
      implements LearningRate {
    public Exponential {
      Range.POSITIVE.check("initial", initial);
      checkSteps("decaySteps", decaySteps);
      Range.POSITIVE.check("decayRate", decayRate);
    }

    @Override
    public double at(long step) {
      double periods = (double) step / decaySteps;
      return initial * StrictMath.pow(decayRate, staircase ? Math.floor(periods) : periods);
    }

    @Override
    public ObjectNode tree() {
      return scheduled("exponential")
          .put("initial", initial)
          .put("decaySteps", decaySteps)
          .put("decayRate", decayRate)
          .put("staircase", staircase);
    }
  }

  /**
   * Keras' {@code CosineDecay}: half a wave of the cosine from {@code initial} at step 0 to {@code
   * alpha initial} at step {@code decaySteps} and ever after (Loshchilov and Hutter: "SGDR", ICLR
   * 2017).
   *
   * @param initial above 0
   * @param decaySteps at least 1
   * @param alpha the part of {@code initial} that is left at the end, 0 to 1
   */
  record Cosine(double initial, long decaySteps, double alpha) implements LearningRate {
    public Cosine {
      Range.POSITIVE.check("initial", initial);
      checkSteps("decaySteps", decaySteps);
      Range.FRACTION.check("alpha", alpha);
    }

    @Override
    public double at(long step) {
      double done = (double) Math.min(step, decaySteps) / decaySteps;
      double decay = 0.5 * (1 + StrictMath.cos(Math.PI * done));
      return initial * ((1 - alpha) * decay + alpha);
    }

    @Override
    public ObjectNode tree() {
      return scheduled("cosine")
          .put("initial", initial)
          .put("decaySteps", decaySteps)
          .put("alpha", alpha);
    }
  }

  /**
   * A straight line from {@code from} at step 0 to the schedule's first rate at step {@code steps},
   * where the schedule begins with its own step 0 (Goyal et al.: "Accurate, large minibatch SGD",
   * 2017; as in Keras' {@code CosineDecay}).
   *
   * @param schedule what follows
   * @param steps at least 1
   * @param from at least 0; from 0 the very first update changes nothing but the optimizer's state
   */
  record WarmUp(LearningRate schedule, long steps, double from) implements LearningRate {
    public WarmUp {
      checkSteps("warmupSteps", steps);
      Range.NOT_NEGATIVE.check("warmupFrom", from);
    }

    @Override
    public double at(long step) {
      return step < steps
          ? from + (schedule.at(0) - from) * step / steps
          : schedule.at(step - steps);
    }

    @Override
    public ObjectNode tree() {
      ObjectNode tree =
          schedule instanceof Constant constant
              ? scheduled("constant").put("initial", constant.value())
              : (ObjectNode) schedule.tree();
      return tree.put("warmupSteps", steps).put("warmupFrom", from);
    }
  }

  /**
   * What stands under {@code key}: a number, or a mapping with a {@code schedule} ({@code
   * constant}, {@code step}, {@code exponential} or {@code cosine}), the settings of that schedule,
   * and {@code warmupSteps} and {@code warmupFrom} for any of them; {@code otherwise} if nothing
   * does.
   *
   * @throws ConfigurationException if it is anything else
   */
  static LearningRate read(Section section, String key, LearningRate otherwise) {
    JsonNode value = section.value(key);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (value.isObject()) {
      return readSchedule(section.section(key));
    }
    if (value.isContainerNode()) {
      throw section.wrong(key, value, "a number > 0 or a mapping with a schedule");
    }
    return new Constant(Range.POSITIVE.read(section, key));
  }

  private static ObjectNode scheduled(String name) {
    return JsonNodeFactory.instance.objectNode().put("schedule", name);
  }

  private static LearningRate readSchedule(Section section) {
    List<String> names = List.of("constant", "step", "exponential", "cosine");
    String name = section.choice("schedule", null, names, Function.identity());
    if (name == null) {
      throw section.missing("schedule", "one of " + String.join(", ", names));
    }
    LearningRate schedule =
        switch (name) {
          case "constant" -> new Constant(Range.POSITIVE.read(section, "initial"));
          case "step" -> readStep(section);
          case "exponential" ->
              new Exponential(
                  Range.POSITIVE.read(section, "initial"),
                  section.whole("decaySteps", 1),
                  Range.POSITIVE.read(section, "decayRate"),
                  section.flag("staircase", false));
          case "cosine" ->
              new Cosine(
                  Range.POSITIVE.read(section, "initial"),
                  section.whole("decaySteps", 1),
                  Range.FRACTION.read(section, "alpha", 0));
          default -> throw new IllegalStateException(name);
        };
    LearningRate warmed = readWarmUp(section, schedule);
    section.done();
    return warmed;
  }

  private static Step readStep(Section section) {
    List<Long> boundaries = new ArrayList<>();
    long least = 0;
    for (JsonNode boundary : section.list("boundaries")) {
      if (!boundary.isIntegralNumber()
          || !boundary.canConvertToInt()
          || boundary.longValue() < least) {
        throw section.wrong(
            "boundaries[%d]".formatted(boundaries.size()),
            boundary,
            "a whole number of at least %d: steps that ascend".formatted(least));
      }
      boundaries.add(boundary.longValue());
      least = boundary.longValue() + 1;
    }
    List<Double> values = new ArrayList<>();
    for (JsonNode value : section.list("values")) {
      if (!value.isNumber() || !Range.POSITIVE.allowed().test(value.doubleValue())) {
        throw section.wrong("values[%d]".formatted(values.size()), value, Range.POSITIVE.rule());
      }
      values.add(value.doubleValue());
    }
    if (values.size() != boundaries.size() + 1) {
      throw new ConfigurationException(
          "%s: values has %d numbers and boundaries %d, but there must be one more value than boundaries"
              .formatted(section.where(), values.size(), boundaries.size()));
    }
    return new Step(boundaries, values);
  }

  private static LearningRate readWarmUp(Section section, LearningRate schedule) {
    int steps = section.whole("warmupSteps", 0, 0);
    double from = Range.NOT_NEGATIVE.read(section, "warmupFrom", 0);
    if (steps == 0 && section.has("warmupFrom")) {
      throw section.wrong(
          "warmupFrom", section.value("warmupFrom"), "left out where warmupSteps is 0");
    }
    return steps == 0 ? schedule : new WarmUp(schedule, steps, from);
  }

  private static void checkSteps(String setting, long steps) {
    if (steps < 1) {
      throw new IllegalArgumentException(setting + " is " + steps + " but must be at least 1");
    }
  }
}
