package dev.lockstep.spark.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.spark.registry.Champion;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.ModelRegistry;
import dev.lockstep.spark.registry.Version;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lockstep models}. */
@Command(
    name = "models",
    header = "Lists the models of a registry, and changes which of them is the champion.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Examples:",
      "  lockstep models list --registry /models/mnist",
      "  lockstep models rollback --registry /models/mnist --reason 'complaints since noon'",
      "  lockstep models prune --registry /models/mnist --keep 30"
    })
final class ModelsCommand implements Runnable {
  private static final Duration LEASE = Duration.ofMinutes(1);
  private static final String DONE = "0:done";
  private static final String FAILED = "1:failed: one message says why, and --stacktrace where";
  private static final String MISTAKEN =
      "2:the command line cannot be used, or there is no such registry or version";
  private static final String HELD = "12:another process has the registry's lease";

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "which command? one of " + String.join(", ", spec.subcommands().keySet()));
  }

  /** Which registry. */
  private static final class RegistryOption {
    @Option(
        names = "--registry",
        required = true,
        paramLabel = "DIRECTORY",
        description = "The registry: a local directory, or one such as hdfs://host/models/mnist.")
    private String directory;

    ModelRegistry open() {
      ModelRegistry models = new ModelRegistry(Location.of(directory));
      if (!models.exists()) {
        throw new ConfigurationException(
            "%s: there is no registry; --registry must name the directory that a configuration has as retrain.registry"
                .formatted(models.location()));
      }
      return models;
    }
  }

  @Command(name = "list", header = "Prints a line a version.")
  void list(@Mixin RegistryOption registry) {
    ModelRegistry models = registry.open();
    List<Champion> history = models.history();
    int champion = history.isEmpty() ? 0 : history.get(history.size() - 1).version();
    PrintWriter out = spec.commandLine().getOut();
    out.println("version  created               accuracy  is");
    for (int number : models.numbers()) {
      Optional<Version> about = models.about(number);
      boolean was = history.stream().anyMatch(entry -> entry.version() == number);
      out.printf(
          Locale.ROOT,
          "%7d  %-20s  %-8s  %s%n",
          number,
          about.map(known -> known.created().toString()).orElse("-"),
          about.map(ModelsCommand::accuracy).orElse("-"),
          number == champion ? "the champion" : was ? "a former champion" : standing(about));
    }
  }

  private static String accuracy(Version version) {
    return String.format(
        Locale.ROOT, "%.4f", version.metrics().path("challenger").path("accuracy").asDouble());
  }

  private static String standing(Optional<Version> about) {
    return about.filter(version -> !version.promoted()).isPresent()
        ? "refused: " + about.get().reasons().get(0)
        : "never the champion";
  }

  @Command(name = "show", header = "Prints what is known of a version, as JSON, and where it lies.")
  void show(
      @Mixin RegistryOption registry,
      @Parameters(
              paramLabel = "VERSION",
              defaultValue = "champion",
              description = "A number, or champion, which is the default.")
          String which)
      throws JsonProcessingException {
    ModelRegistry models = registry.open();
    int number =
        which.equals("champion") ? requireChampion(models).version() : ModelsCommand.number(which);
    Location directory = models.version(number);
    PrintWriter out = spec.commandLine().getOut();
    Optional<Version> about = models.about(number);
    if (about.isPresent()) {
      out.println(
          new JsonMapper()
              .writerWithDefaultPrettyPrinter()
              .writeValueAsString(about.get().toJson()));
    }
    for (Champion entry : models.history()) {
      if (entry.version() == number) {
        out.printf("champion since %s: %s%n", entry.time(), entry.reason());
      }
    }
    out.println(directory);
  }

  @Command(
      name = "promote",
      exitCodeList = {DONE, FAILED, MISTAKEN, HELD},
      header = "Makes a version the champion.",
      description = "A version that never was it needs the lease: not while a retraining runs.")
  void promote(
      @Mixin RegistryOption registry,
      @Parameters(paramLabel = "VERSION", description = "Its number.") int version,
      @Option(
              names = "--reason",
              paramLabel = "TEXT",
              defaultValue = "by hand",
              description = "For the history.")
          String reason)
      throws IOException {
    ModelRegistry models = registry.open();
    boolean known = models.history().stream().anyMatch(entry -> entry.version() == version);
    if (known) {
      promote(models, version, reason);
    } else {
      try (Lease lease = Lease.take(models.location(), LEASE)) {
        promote(models, version, reason);
      }
    }
  }

  @Command(
      name = "rollback",
      header = "Makes the champion before the present one the champion again.",
      description = "Needs no lease. A retraining that runs meanwhile promotes nothing.")
  void rollback(
      @Mixin RegistryOption registry,
      @Option(
              names = "--reason",
              paramLabel = "TEXT",
              defaultValue = "by hand",
              description = "For the history.")
          String reason)
      throws IOException {
    ModelRegistry models = registry.open();
    int version =
        ModelRegistry.previous(models.history())
            .orElseThrow(
                () ->
                    new ConfigurationException(
                        "%s: there is no champion before the present one"
                            .formatted(models.location())));
    promote(models, version, "rollback: " + reason);
  }

  private void promote(ModelRegistry models, int version, String reason) throws IOException {
    Optional<Champion> parent = models.champion();
    if (!models.promote(version, parent, reason)) {
      throw new ConfigurationException(
          "%s: another champion was made just now; look at it, and try again"
              .formatted(models.location()));
    }
    spec.commandLine()
        .getOut()
        .printf(
            "version %d is the champion%s%n",
            version, parent.map(old -> ", in place of " + old.version()).orElse(""));
  }

  @Command(
      name = "prune",
      exitCodeList = {DONE, FAILED, MISTAKEN, HELD},
      header = "Deletes versions that never were the champion.",
      description = "Needs the lease: not while a retraining runs.")
  void prune(
      @Mixin RegistryOption registry,
      @Option(
              names = "--keep",
              paramLabel = "N",
              defaultValue = "10",
              description =
                  "Keeps the newest N of them, and the newest version in any case. Default:"
                      + " ${DEFAULT-VALUE}.")
          int keep)
      throws IOException {
    if (keep < 0) {
      throw new ParameterException(
          spec.commandLine(), "--keep is %d but must be 0 or more".formatted(keep));
    }
    ModelRegistry models = registry.open();
    try (Lease lease = Lease.take(models.location(), LEASE)) {
      List<Integer> pruned = models.prune(keep);
      spec.commandLine()
          .getOut()
          .println(pruned.isEmpty() ? "nothing to delete" : "deleted versions " + pruned);
    }
  }

  private static Champion requireChampion(ModelRegistry models) {
    return models
        .champion()
        .orElseThrow(
            () ->
                new ConfigurationException(
                    "%s: there is no champion yet".formatted(models.location())));
  }

  private static int number(String written) {
    if (!written.matches("[1-9][0-9]{0,5}")) {
      throw new ConfigurationException(
          "'%s' is no version; expected a number, or champion".formatted(written));
    }
    return Integer.parseInt(written);
  }
}
