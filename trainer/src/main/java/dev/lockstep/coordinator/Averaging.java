package dev.lockstep.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.List;
import java.util.Optional;

/** What the coordinator averages, and how often. */
public sealed interface Averaging {
  /** The word for it in the configuration. */
  String mode();

  /** What {@link #read} reads it from. */
  JsonNode tree();

  /** How what a worker in another JVM hands in travels. */
  WireFormat wire();

  /**
   * Gradients, at every step: the coordinator holds the only optimizer state.
   *
   * @param wire what is rounded on the way; what the coordinator publishes never is
   */
  record Gradients(WireFormat wire) implements Averaging {
    /** With no rounding. */
    public Gradients() {
      this(WireFormat.FLOAT32);
    }

    @Override
    public String mode() {
      return "gradients";
    }

    @Override
    public JsonNode tree() {
      return wire == WireFormat.FLOAT32
          ? TextNode.valueOf(mode())
          : JsonNodeFactory.instance.objectNode().put("mode", mode()).put("wire", wire.word());
    }
  }

  /**
   * Parameters and optimizer state, every {@code interval} local steps, weighted by examples.
   *
   * @param interval local steps between two averagings; {@link #EPOCH} for once an epoch
   * @param outer treats the averaged change as a gradient and applies this optimizer to it (Reddi
   *     et al., "Adaptive federated optimization", 2021; Douillard et al., "DiLoCo", 2023)
   */
  record Parameters(int interval, Optional<Optimizer> outer) implements Averaging {
    /** The interval of one averaging an epoch. */
    public static final int EPOCH = Integer.MAX_VALUE;

    public Parameters {
      if (interval < 1) {
        throw new IllegalArgumentException("interval is " + interval + " but must be > 0");
      }
    }

    @Override
    public String mode() {
      return "parameters";
    }

    /** Parameters are never rounded. */
    @Override
    public WireFormat wire() {
      return WireFormat.FLOAT32;
    }

    @Override
    public ObjectNode tree() {
      ObjectNode tree = JsonNodeFactory.instance.objectNode().put("mode", mode());
      if (interval == EPOCH) {
        tree.put("interval", "epoch");
      } else {
        tree.put("interval", interval);
      }
      outer.ifPresent(optimizer -> tree.set("outer", optimizer.tree()));
      return tree;
    }
  }

  /**
   * Reads {@code averaging} of {@code parent}: {@code gradients} (the default), {@code {mode:
   * gradients, wire: float32 | bfloat16}}, or {@code {mode: parameters, interval: <steps> | epoch,
   * outer: <optimizer>}}.
   */
  static Averaging read(Section parent) {
    JsonNode value = parent.value("averaging");
    if (!value.isObject()) {
      String mode =
          parent.choice("averaging", "gradients", List.of("gradients", "parameters"), m -> m);
      if (mode.equals("parameters")) {
        throw new ConfigurationException(
            parent.where()
                + ": averaging 'parameters' needs an interval; write averaging: {mode: parameters,"
                + " interval: 20}");
      }
      return new Gradients();
    }
    Section section = parent.section("averaging");
    String mode = section.choice("mode", "gradients", List.of("gradients", "parameters"), m -> m);
    if (mode.equals("gradients")) {
      for (String key : List.of("interval", "outer")) {
        if (section.has(key)) {
          throw section.wrong(
              key, section.value(key), "left out: gradients are averaged at every step");
        }
      }
      WireFormat wire =
          section.choice(
              "wire", WireFormat.FLOAT32, List.of(WireFormat.values()), WireFormat::word);
      section.done();
      return new Gradients(wire);
    }
    if (section.has("wire")) {
      throw section.wrong(
          "wire",
          section.value("wire"),
          "left out: parameters travel as float32, gradients alone may be rounded");
    }
    JsonNode interval = section.value("interval");
    int steps =
        interval.isTextual() && interval.asText().equals("epoch")
            ? Parameters.EPOCH
            : wholeInterval(section, interval);
    Optional<Optimizer> outer = Optimizer.read(section, "outer");
    section.done();
    return new Parameters(steps, outer);
  }

  private static int wholeInterval(Section section, JsonNode interval) {
    String rule = "a whole number of local steps of at least 1, or epoch";
    if (interval.isMissingNode()) {
      throw section.missing("interval", rule);
    }
    if (!interval.canConvertToInt() || !interval.isIntegralNumber() || interval.intValue() < 1) {
      throw section.wrong("interval", interval, rule);
    }
    return interval.intValue();
  }
}
