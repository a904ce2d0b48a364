package dev.lockstep.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import dev.lockstep.config.Retraining;
import dev.lockstep.spark.cli.Main;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** What {@code deploy/schedule} tells schedulers, as far as a machine without them can tell. */
class SchedulesTest {
  private static final Path SCHEDULE = Path.of("../deploy/schedule");
  private static final String INSTALLED = "/opt/lockstep/deploy/local/lockstep";

  @TempDir Path directory;

  /** The options that the program's own parser finds behind {@code retrain}. */
  private static List<String> options(List<String> arguments) {
    ParseResult parsed = new CommandLine(new Main()).parseArgs(arguments.toArray(String[]::new));
    assertThat(parsed.subcommand().commandSpec().name()).isEqualTo("retrain");
    return parsed.subcommand().matchedOptions().stream()
        .map(option -> option.longestName())
        .toList();
  }

  private static List<String> words(String command) {
    return Arrays.asList(command.strip().split("\\s+"));
  }

  private record Run(int exitCode, String output) {}

  private static Run run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), output);
  }

  private static boolean isThere(String program) {
    return Stream.of(System.getenv("PATH").split(":"))
        .anyMatch(place -> Files.isExecutable(Path.of(place, program)));
  }

  @Test
  void theCrontabsLineIsACommandOfTheProgram() throws Exception {
    List<String> lines =
        Files.readAllLines(SCHEDULE.resolve("crontab")).stream()
            .filter(line -> !line.startsWith("#"))
            .toList();

    assertThat(lines).hasSize(1);
    String line = lines.get(0);
    assertThat(line).matches("([0-9*]+ ){5}cd .*");
    String command = line.substring(line.indexOf(INSTALLED), line.indexOf(">>"));
    assertThat(options(words(command).subList(1, words(command).size())))
        .containsExactly("--config", "--metrics-file", "--webhook-file");
  }

  /** The units in a directory of their own, where they find the program. */
  private Path units() throws IOException {
    for (String unit : List.of("lockstep-retrain.service", "lockstep-retrain.timer")) {
      String text = Files.readString(SCHEDULE.resolve(unit));
      String here = Path.of("../deploy/local/lockstep").toRealPath().toString();
      Files.writeString(directory.resolve(unit), text.replace(INSTALLED, here));
    }
    return directory;
  }

  @Test
  void systemdFindsNoFaultWithTheUnits() throws Exception {
    assumeTrue(isThere("systemd-analyze"), "this machine has no systemd-analyze");
    for (String unit : List.of("lockstep-retrain.service", "lockstep-retrain.timer")) {
      Run verified = run("systemd-analyze", "verify", units().resolve(unit).toString());

      assertThat(verified.output().lines().filter(line -> line.contains("lockstep"))).isEmpty();
      assertThat(verified.exitCode()).as(verified.output()).isZero();
    }
  }

  @Test
  void theServiceIsHardened() throws Exception {
    assumeTrue(isThere("systemd-analyze"), "this machine has no systemd-analyze");

    // 10 is all there is to fear, in tenths.
    Run judged =
        run(
            "systemd-analyze",
            "security",
            "--offline=true",
            "--threshold=20",
            units().resolve("lockstep-retrain.service").toString());

    assertThat(judged.exitCode()).as(judged.output()).isZero();
  }

  @Test
  void theServiceStartsACommandOfTheProgram() throws Exception {
    String start =
        Files.readAllLines(SCHEDULE.resolve("lockstep-retrain.service")).stream()
            .filter(line -> line.startsWith("ExecStart="))
            .findFirst()
            .orElseThrow();

    List<String> command = words(start.substring("ExecStart=".length()));

    assertThat(command.get(0)).isEqualTo(INSTALLED);
    assertThat(options(command.subList(1, command.size())))
        .containsExactly("--config", "--metrics-file", "--webhook-file");
  }

  @Test
  void theCronJobNeverRunsBesideItself() throws Exception {
    ObjectMapper strict = Manifests.strict();
    List<JsonNode> documents =
        strict
            .readerFor(JsonNode.class)
            .<JsonNode>readValues(SCHEDULE.resolve("cronjob.yaml").toFile())
            .readAll();
    assertThat(documents).hasSize(2);
    HasMetadata claim = strict.treeToValue(documents.get(0), PersistentVolumeClaim.class);
    CronJob job = strict.treeToValue(documents.get(1), CronJob.class);

    assertThat(job.getSpec().getConcurrencyPolicy()).isEqualTo("Forbid");
    PodSpec pod = job.getSpec().getJobTemplate().getSpec().getTemplate().getSpec();
    assertThat(pod.getRestartPolicy()).isEqualTo("Never");
    assertThat(pod.getVolumes())
        .filteredOn(volume -> volume.getPersistentVolumeClaim() != null)
        .extracting(volume -> volume.getPersistentVolumeClaim().getClaimName())
        .containsExactly(claim.getMetadata().getName());
    Container container = pod.getContainers().get(0);
    assertThat(container.getVolumeMounts())
        .extracting(VolumeMount::getName)
        .containsExactlyInAnyOrderElementsOf(
            pod.getVolumes().stream().map(Volume::getName).toList());
    assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
    List<String> arguments = container.getArgs();
    assertThat(arguments).containsSequence("--class", Main.class.getName());
    int jar = arguments.indexOf("local:///opt/lockstep/lockstep-cluster.jar");
    assertThat(options(arguments.subList(jar + 1, arguments.size())))
        .containsExactly("--config", "--webhook-file");
  }

  @Test
  void aFieldThatKubernetesDoesNotKnowIsFound() throws Exception {
    String mistyped =
        Files.readString(SCHEDULE.resolve("cronjob.yaml"))
            .replace("concurrencyPolicy:", "concurencyPolicy:");
    ObjectMapper strict = Manifests.strict();
    List<JsonNode> documents =
        strict.readerFor(JsonNode.class).<JsonNode>readValues(mistyped).readAll();

    assertThatThrownBy(() -> strict.treeToValue(documents.get(1), CronJob.class))
        .isInstanceOf(UnrecognizedPropertyException.class)
        .hasMessageContaining("concurencyPolicy");
  }

  /** Kubernetes waits 10 s before the first new attempt, and twice as long before each other. */
  @Test
  void theCronJobGoesOnOnceTheLeaseOfAPodThatWasKilledHasExpired() throws Exception {
    ObjectMapper strict = Manifests.strict();
    List<JsonNode> documents =
        strict
            .readerFor(JsonNode.class)
            .<JsonNode>readValues(SCHEDULE.resolve("cronjob.yaml").toFile())
            .readAll();
    JobSpec job =
        strict.treeToValue(documents.get(1), CronJob.class).getSpec().getJobTemplate().getSpec();
    Path configuration = Path.of("../conf/retrain.yaml");
    Retraining retraining =
        Retraining.read("retrain.yaml", Files.readString(configuration), List.of());

    assertThat(job.getPodFailurePolicy().getRules())
        .singleElement()
        .satisfies(
            rule -> {
              assertThat(rule.getAction()).isEqualTo("FailJob");
              assertThat(rule.getOnExitCodes().getValues()).containsExactly(2, 10, 11);
            });
    long waited = 10 * ((1L << job.getBackoffLimit()) - 1);
    assertThat(Duration.ofSeconds(waited)).isGreaterThan(retraining.leaseTimeout().multipliedBy(2));
  }

  /** Stands in for Airflow: what the operator is told is printed. */
  private static final String AIRFLOW =
      """
      import json, runpy, sys, types

      class Dag:
          def __init__(self, **settings):
              self.settings = settings
          def __enter__(self):
              return self
          def __exit__(self, *error):
              return None

      told = {}
      def operator(**settings):
          told.update(settings)

      for name in ["airflow", "airflow.providers", "airflow.providers.apache",
                   "airflow.providers.apache.spark", "airflow.providers.apache.spark.operators",
                   "airflow.providers.apache.spark.operators.spark_submit"]:
          sys.modules[name] = types.ModuleType(name)
      sys.modules["airflow"].DAG = Dag
      sys.modules["airflow.providers.apache.spark.operators.spark_submit"].SparkSubmitOperator = operator
      dag = runpy.run_path(sys.argv[1])["dag"]
      print(json.dumps({"dag": dag.settings, "task": told}, default=str))
      """;

  @Test
  void theDagSubmitsACommandOfTheProgram() throws Exception {
    assumeTrue(isThere("python3"), "this machine has no python3");
    Path airflow = Files.writeString(directory.resolve("airflow_stand_in.py"), AIRFLOW);

    Run loaded = run("python3", airflow.toString(), SCHEDULE.resolve("retrain_dag.py").toString());

    assertThat(loaded.exitCode()).as(loaded.output()).isZero();
    JsonNode told = new ObjectMapper().readTree(loaded.output());
    assertThat(told.path("dag").path("max_active_runs").asInt()).isEqualTo(1);
    assertThat(told.path("dag").path("catchup").asBoolean(true)).isFalse();
    JsonNode task = told.path("task");
    assertThat(task.path("java_class").asText()).isEqualTo(Main.class.getName());
    List<String> arguments = new ArrayList<>();
    task.path("application_args").forEach(argument -> arguments.add(argument.asText()));
    assertThat(options(arguments)).containsExactly("--config", "--workers", "--fail-on-refusal");
    assertThat(arguments).containsSequence("--workers", task.path("num_executors").asText());
  }
}
