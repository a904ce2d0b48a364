package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.metrics.Metric;
import dev.lockstep.split.Fold;
import dev.lockstep.split.Validation;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * What is validated on what: every candidate on every split.
 *
 * @param name what the run is called
 * @param splits at least one; errors and files number them from 1
 * @param candidates at least one; more if they are to be compared
 * @param metric by which candidates are ranked
 * @param finalModel whether the chosen candidate is trained on all examples at the end
 * @throws ConfigurationException if candidates differ in what must be the same for all, or in
 *     nothing that training depends on
 */
public record CrossValidation(
    String name,
    List<Validation> splits,
    List<Candidate> candidates,
    Metric metric,
    boolean finalModel) {
  /** So many splits can there be. */
  public static final int MOST_SPLITS = 10_000;

  /**
   * A configuration that is validated.
   *
   * @param number from 1
   * @param settings {@code key=value}, what tells it from the others
   * @param configuration of its first split
   */
  public record Candidate(int number, List<String> settings, Configuration configuration) {
    public Candidate {
      settings = List.copyOf(settings);
    }
  }

  public CrossValidation {
    splits = List.copyOf(splits);
    candidates = List.copyOf(candidates);
    Configuration first = candidates.get(0).configuration();
    for (Candidate candidate : candidates) {
      Configuration other = candidate.configuration();
      if (first.seed() != other.seed()
          || !first.dataset().equals(other.dataset())
          || !first.workers().equals(other.workers())
          || !first.validation().equals(other.validation())) {
        throw new ConfigurationException(
            "--grid varies seed, dataset, validation or training.workers (%s), but candidates are compared on the same splits of the same data; vary something else"
                .formatted(String.join(", ", candidate.settings())));
      }
    }
    requireDifferent(candidates);
  }

  /** Equal ones would be trained twice, and tie. */
  private static void requireDifferent(List<Candidate> candidates) {
    Map<ObjectNode, Candidate> seen = new HashMap<>();
    for (Candidate candidate : candidates) {
      ObjectNode deciding = candidate.configuration().deciding();
      ((ObjectNode) deciding.get("network")).remove("name");
      Candidate equal = seen.putIfAbsent(deciding, candidate);
      if (equal != null) {
        throw new ConfigurationException(
            "--grid makes candidates %d (%s) and %d (%s), which train alike: folds take the place of validation, and name, checkpoints and what is done about lost workers change no result; vary something else"
                .formatted(
                    equal.number(),
                    String.join(", ", equal.settings()),
                    candidate.number(),
                    String.join(", ", candidate.settings())));
      }
    }
  }

  /**
   * All folds of all repeats.
   *
   * @param folds at least 2
   * @param repeats at least 1
   */
  public static List<Validation> folds(int folds, int repeats, Fold.Select select) {
    return IntStream.rangeClosed(1, folds * repeats)
        .<Validation>mapToObj(fold -> new Fold(folds, fold, select))
        .toList();
  }

  /** What {@code candidate} is trained as on split {@code number}. */
  Configuration configuration(Candidate candidate, int number) {
    return changed(
        candidate.configuration(),
        tree -> tree.set("validation", Section.tree(splits.get(number - 1))));
  }

  /** What {@code candidate} is trained as on all examples. */
  Configuration finalConfiguration(Candidate candidate, int epochs) {
    return changed(
        candidate.configuration(),
        tree -> {
          tree.remove("validation");
          ObjectNode training = (ObjectNode) tree.get("training");
          training.put("epochs", epochs).remove("earlyStopping");
        });
  }

  private static Configuration changed(Configuration configuration, Consumer<ObjectNode> change) {
    ObjectNode tree = configuration.resolved();
    change.accept(tree);
    return Configuration.read(configuration.name() + ".yaml", Section.write(tree), List.of());
  }

  /** The repeat that split {@code number} belongs to, from 1. */
  int repeat(int number) {
    return splits.get(number - 1) instanceof Fold fold ? fold.repeat() : 1;
  }

  /** What {@link #read} reads. */
  ObjectNode tree() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode().put("name", name);
    tree.put("metric", metric.word());
    tree.put("finalModel", finalModel);
    ArrayNode listed = tree.putArray("splits");
    splits.forEach(split -> listed.add(Section.tree(split)));
    ArrayNode all = tree.putArray("candidates");
    for (Candidate candidate : candidates) {
      ObjectNode each = all.addObject();
      candidate.settings().forEach(each.putArray("settings")::add);
      each.set("configuration", candidate.configuration().resolved());
    }
    return tree;
  }

  /**
   * Reads what {@link #tree} writes.
   *
   * @throws ConfigurationException if it is something else
   */
  static CrossValidation read(Section section) {
    String name = section.text("name");
    Metric metric =
        section.choice("metric", Metric.ACCURACY, List.of(Metric.values()), Metric::word);
    boolean finalModel = section.flag("finalModel", false);
    List<Validation> splits = new ArrayList<>();
    for (JsonNode split : section.list("splits")) {
      splits.add(Validation.read(section.at("splits", split)));
    }
    List<Candidate> candidates = new ArrayList<>();
    for (JsonNode each : section.list("candidates")) {
      Section candidate = section.at("candidates", each);
      List<String> settings = candidate.list("settings").stream().map(JsonNode::asText).toList();
      String yaml = Section.write(candidate.value("configuration"));
      candidate.done();
      candidates.add(
          new Candidate(
              candidates.size() + 1,
              settings,
              Configuration.read(name + ".yaml", yaml, List.of())));
    }
    if (splits.isEmpty() || candidates.isEmpty()) {
      throw new ConfigurationException(
          section.where() + ": there are no splits or no candidates, but there must be both");
    }
    return new CrossValidation(name, splits, candidates, metric, finalModel);
  }
}
