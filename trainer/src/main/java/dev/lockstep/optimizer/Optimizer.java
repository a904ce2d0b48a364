package dev.lockstep.optimizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How a gradient changes parameters. An optimizer is a value without state of its own: what it
 * remembers from step to step is in named vectors ({@link #slots}) that the caller owns. Every
 * parameter is updated by itself, so that a vector may be updated in blocks, by any number of
 * threads, with the same bits as in one piece.
 *
 * <p>Names, settings and defaults are Keras'. Immutable and safe for use by many threads.
 */
public sealed interface Optimizer permits Sgd, RmsProp, Adam, AdamW {
  /** Keras' name of it, and its name in YAML: {@code sgd}, {@code rmsprop} ... */
  String name();

  /** The learning rate of each step. */
  LearningRate learningRate();

  /** What limits the gradient; whoever calls {@link #update} applies it before. */
  Clipping clipping();

  /**
   * The names of the state vectors, in the order in which {@link #update} takes them. Each is as
   * long as the parameters and all zeros before the first step.
   */
  List<String> slots();

  /**
   * Makes one step on a block of parameters, in place.
   *
   * @param parameters the block's parameters, at 0 to {@code length - 1}; changed
   * @param gradient the block's gradient (mean over the batch, with penalties, clipped), at 0 to
   *     {@code length - 1}; only read
   * @param length how many parameters the block has
   * @param state per slot the block's part of its vector, at 0 to {@code length - 1}; changed. No
   *     array may be passed twice. That all arrays begin at 0 lets the JIT vectorise the loops
   * @param step the number of this step, 1 for the first
   * @param learningRate {@code learningRate().at(step - 1)} as a float
   */
  void update(
      float[] parameters,
      float[] gradient,
      int length,
      float[][] state,
      long step,
      float learningRate);

  /**
   * This optimizer with what {@code section} says in place of its own settings.
   *
   * @throws dev.lockstep.yaml.ConfigurationException if a setting has a wrong type or value
   */
  Optimizer with(Section section);

  /** What {@link #read(Section)} reads it from, every default written out. */
  default ObjectNode tree() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode().put("name", name());
    return tree.setAll(Section.tree(this));
  }

  /**
   * The optimizer that {@code key} of {@code parent} names or describes, if it has a value: {@code
   * adam} is short for {@code {name: adam}}.
   *
   * @throws dev.lockstep.yaml.ConfigurationException as {@link #read(Section)}
   */
  static Optional<Optimizer> read(Section parent, String key) {
    JsonNode value = parent.value(key);
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    Section section =
        value.isTextual()
            ? parent.at(key, JsonNodeFactory.instance.objectNode().set("name", value))
            : parent.section(key);
    return Optional.of(read(section));
  }

  /**
   * The optimizer that {@code section} describes: {@code name} and its settings, Keras' defaults
   * for what is not said.
   *
   * @throws dev.lockstep.yaml.ConfigurationException if the name is missing or unknown, a setting
   *     has a wrong type or value, or a key is none of this optimizer's
   */
  static Optimizer read(Section section) {
    List<Optimizer> all = List.of(Sgd.DEFAULT, RmsProp.DEFAULT, Adam.DEFAULT, AdamW.DEFAULT);
    Optimizer named = section.choice("name", null, all, Optimizer::name);
    if (named == null) {
      throw section.missing(
          "name", "one of " + all.stream().map(Optimizer::name).collect(Collectors.joining(", ")));
    }
    Optimizer optimizer = named.with(section);
    requireOwnSettings(section, named, all);
    section.done();
    return optimizer;
  }

  /** Whoever names another optimizer over a file's often leaves the old one's settings there. */
  private static void requireOwnSettings(Section section, Optimizer named, List<Optimizer> all) {
    ObjectNode own = named.tree();
    for (Optimizer other : all) {
      for (Iterator<String> keys = other.tree().fieldNames(); keys.hasNext(); ) {
        String key = keys.next();
        if (!own.has(key) && section.holds(key)) {
          throw new ConfigurationException(
              "%s: '%s' is a setting of %s, and not of %s; leave it out, or say the whole optimizer, as in --set 'training.optimizer={name: %s}'"
                  .formatted(section.where(), key, other.name(), named.name(), named.name()));
        }
      }
    }
  }
}
