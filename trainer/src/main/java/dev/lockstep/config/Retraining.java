package dev.lockstep.config;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.data.DataBounds;
import dev.lockstep.metrics.PromotionGate;
import dev.lockstep.yaml.Section;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * The section {@code retrain} of a configuration: what a scheduled retraining does with the model
 * that the rest of it describes. {@code train} checks it and leaves it aside.
 *
 * @param registry where models are kept: a directory
 * @param start what training starts from
 * @param leaseTimeout how long after the last sign of life of a retraining the next one may begin
 * @param data what the data must be like
 * @param gate what the challenger must be worth
 */
public record Retraining(
    String registry, Start start, Duration leaseTimeout, DataBounds data, PromotionGate gate) {
  private static final String KEY = "retrain";
  private static final int DEFAULT_LEASE_SECONDS = 60;

  /** What training starts from. */
  public enum Start {
    /** The champion's parameters. */
    CHAMPION,
    /** The network's own initial parameters. */
    SCRATCH;

    /** The word for it in files. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Reads the section {@code retrain}; everything else in the file is {@link Configuration#read}'s.
   *
   * @throws dev.lockstep.yaml.ConfigurationException if there is none, or a key in it is unknown or
   *     a value cannot be used
   */
  public static Retraining read(String source, String yaml, List<String> overrides) {
    ObjectNode tree = Section.tree(source, yaml);
    Overrides.apply(overrides, tree);
    Section section = Section.of(source, tree);
    if (!section.has(KEY)) {
      throw section.missing(KEY, "a mapping with at least registry: <directory>");
    }
    return read(section.section(KEY));
  }

  /** Reads the section if {@code parent} has it, so that mistakes in it are found. */
  static void check(Section parent) {
    if (parent.has(KEY)) {
      read(parent.section(KEY));
    }
  }

  private static Retraining read(Section section) {
    Retraining retraining =
        new Retraining(
            section.text("registry"),
            section.choice("start", Start.CHAMPION, List.of(Start.values()), Start::word),
            Duration.ofSeconds(section.whole("leaseTimeout", DEFAULT_LEASE_SECONDS, 1)),
            DataBounds.read(section.section("data")),
            PromotionGate.read(section.section("gate")));
    section.done();
    return retraining;
  }

  /** The section with every default written out: what {@link #read} reads. */
  public ObjectNode tree() {
    ObjectNode tree =
        JsonNodeFactory.instance
            .objectNode()
            .put("registry", registry)
            .put("start", start.word())
            .put("leaseTimeout", leaseTimeout.toSeconds());
    tree.set("data", data.tree());
    tree.set("gate", gate.tree());
    return tree;
  }

  /**
   * All settings that decide what a retraining with {@code configuration} gives, but for the data:
   * equal texts for equal results.
   */
  public String deciding(Configuration configuration) {
    ObjectNode tree = configuration.deciding();
    tree.remove("dataset");
    tree.set("retrain", tree().without(List.of("registry", "leaseTimeout")));
    return Section.write(tree);
  }
}
