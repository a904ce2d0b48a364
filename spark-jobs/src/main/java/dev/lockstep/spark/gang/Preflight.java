package dev.lockstep.spark.gang;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.coordinator.SeatShape;
import dev.lockstep.coordinator.SumTree;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.network.Network;
import dev.lockstep.yaml.ConfigurationException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.Pointer;

/** Says before a run begins, in one message, all that would fail later. */
public final class Preflight {
  private static final long MEBIBYTE = 1 << 20;

  /** What DL4J and ND4J themselves were seen to take for a worker, beside what we allocate. */
  private static final long ENGINE_BYTES = 64 * MEBIBYTE;

  /** The fewest examples that an engine has room for: a batch of validation. */
  private static final long EVALUATION_BATCH = 256;

  private Preflight() {}

  /**
   * How much a JVM may take outside its heap.
   *
   * @param direct bytes of direct buffers
   * @param nd4j bytes that ND4J may allocate; 0 for any number
   * @param process bytes that the process may have in memory, heap included, when ND4J allocates; 0
   *     for any number
   * @param resident bytes that it has now
   */
  record Limits(long direct, long nd4j, long process, long resident) {
    static Limits ofThisJvm() {
      return new Limits(
          directLimit(), Pointer.maxBytes(), Pointer.maxPhysicalBytes(), Pointer.physicalBytes());
    }
  }

  /**
   * Loads the native libraries.
   *
   * @throws ConfigurationException if this machine cannot, or other kernels are asked for than it
   *     has
   */
  public static void requireNativeLibraries() {
    requireNativeLibraries(NativeLibraries::load);
  }

  /** As the other, by {@code loading}. */
  static void requireNativeLibraries(Runnable loading) {
    try {
      loading.run();
    } catch (ConfigurationException e) {
      throw e;
    } catch (LinkageError | RuntimeException e) {
      Throwable root = e;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      throw new ConfigurationException(
          ("ND4J's native library cannot be loaded on %s %s: %s; build for this machine with"
                  + " -Djavacpp.platform=<platform>")
              .formatted(
                  System.getProperty("os.name"), System.getProperty("os.arch"), root.getMessage()),
          e);
    }
  }

  /**
   * Checks a run of {@code workers} workers that share this JVM.
   *
   * @param trainingExamples that the workers learn from
   * @param slots tasks that can run at once
   * @throws ConfigurationException that names every problem
   */
  public static void check(
      TrainingPlan plan, Network network, int trainingExamples, int workers, int slots) {
    check(plan, network, trainingExamples, workers, slots, 1);
  }

  /**
   * Checks {@code gangs} runs at once of {@code workers} workers each, that share this JVM.
   *
   * @param trainingExamples that the workers of a gang learn from
   * @param slots tasks that can run at once
   * @throws ConfigurationException that names every problem
   */
  public static void check(
      TrainingPlan plan, Network network, int trainingExamples, int workers, int slots, int gangs) {
    check(plan, network, trainingExamples, workers, slots, gangs, Limits.ofThisJvm());
  }

  /** As the other, within {@code limits}. */
  static void check(
      TrainingPlan plan,
      Network network,
      int trainingExamples,
      int workers,
      int slots,
      int gangs,
      Limits limits) {
    List<String> problems = new ArrayList<>();
    if (workers > slots) {
      problems.add(
          ("training.workers is %d but only %d tasks can run at once, and the workers wait for one"
                  + " another; give the master more cores or use at most %d workers")
              .formatted(workers, slots, slots));
    }
    addShardProblems(plan, trainingExamples, workers, problems);
    long perWorker =
        2L * network.layout().length() + batch(plan, network, trainingExamples, workers);
    long others =
        contributions(plan, network, workers) * vector(plan, network)
            + sumsOfMicroBatches(plan, workers) * network.layout().length()
            + workers * perWorker;
    addDirectMemoryProblem(plan, network, gangs, others, limits, problems);
    long nativeNeeded =
        (long) gangs * workers * (ENGINE_BYTES + 4L * Float.BYTES * network.layout().length());
    if (limits.nd4j() > 0 && nativeNeeded > limits.nd4j()) {
      problems.add(
          ("ND4J needs about %d MiB outside the heap but may take %d MiB; raise"
                  + " -Dorg.bytedeco.javacpp.maxbytes (and .maxphysicalbytes)")
              .formatted(nativeNeeded / MEBIBYTE, limits.nd4j() / MEBIBYTE));
    }
    long resident = limits.resident() + nativeNeeded + direct(plan, network, gangs, others);
    if (limits.process() > 0 && resident > limits.process()) {
      problems.add(
          ("the process has %d MiB in memory and needs about %d MiB, but ND4J allocates only while it"
                  + " has less than %d MiB; raise -Dorg.bytedeco.javacpp.maxphysicalbytes")
              .formatted(
                  limits.resident() / MEBIBYTE, resident / MEBIBYTE, limits.process() / MEBIBYTE));
    }
    throwIfAny(problems);
  }

  /**
   * Checks the driver's part of a run of {@code workers} workers in other JVMs.
   *
   * @param trainingExamples that the workers learn from
   * @throws ConfigurationException that names every problem
   */
  public static void checkDriver(
      TrainingPlan plan, Network network, int trainingExamples, int workers) {
    checkDriver(plan, network, trainingExamples, workers, 1);
  }

  /**
   * Checks the driver's part of {@code gangs} runs at once of {@code workers} workers each in other
   * JVMs.
   *
   * @param trainingExamples that the workers of a gang learn from
   * @throws ConfigurationException that names every problem
   */
  public static void checkDriver(
      TrainingPlan plan, Network network, int trainingExamples, int workers, int gangs) {
    checkDriver(plan, network, trainingExamples, workers, gangs, Limits.ofThisJvm());
  }

  /** As the other, within {@code limits}. */
  static void checkDriver(
      TrainingPlan plan,
      Network network,
      int trainingExamples,
      int workers,
      int gangs,
      Limits limits) {
    List<String> problems = new ArrayList<>();
    addShardProblems(plan, trainingExamples, workers, problems);
    addDirectMemoryProblem(
        plan,
        network,
        gangs,
        contributions(plan, network, workers) * vector(plan, network)
            + sumsOfContributions(plan, workers) * network.layout().length(),
        limits,
        problems);
    throwIfAny(problems);
  }

  /** How many vectors all workers hand in for a round. */
  private static long contributions(TrainingPlan plan, Network network, int workers) {
    int gang = Math.min(workers, plan.shards());
    return IntStream.range(0, gang)
        .mapToLong(rank -> SeatShape.of(plan, network, rank, gang).contributions())
        .sum();
  }

  /** How many vectors a coordinator adds up contributions in while others are received. */
  private static long sumsOfContributions(TrainingPlan plan, int workers) {
    int gang = Math.min(workers, plan.shards());
    return plan.averaging() instanceof Gradients ? plan.sumTree(gang).partialSums(gang) : 0;
  }

  /** How many vectors all workers add up micro-batches in, over and above what they hand in. */
  private static long sumsOfMicroBatches(TrainingPlan plan, int workers) {
    if (!(plan.averaging() instanceof Gradients)) {
      return 0;
    }
    int gang = Math.min(workers, plan.shards());
    SumTree tree = plan.sumTree(gang);
    return IntStream.range(0, gang)
        .map(
            rank ->
                tree.held(rank, gang).stream().mapToInt(node -> node.levels() - 1).max().orElse(0))
        .map(levels -> Math.max(levels, 0))
        .sum();
  }

  /**
   * Floats of the examples and activations of a worker's largest batch: every layer's output, its
   * gradient, and as much again for what an engine works with.
   */
  private static long batch(TrainingPlan plan, Network network, int trainingExamples, int workers) {
    int parts = plan.averaging() instanceof Parameters ? 1 : plan.microBatches().orElse(workers);
    long batch = Math.min(plan.batchSize(), trainingExamples);
    long examples = Math.max(EVALUATION_BATCH, (batch + parts - 1) / parts);
    long activations = network.layers().stream().mapToLong(layer -> layer.output().size()).sum();
    return examples * (2L * network.input().size() + 3 * activations);
  }

  private static void addShardProblems(
      TrainingPlan plan, int trainingExamples, int workers, List<String> problems) {
    if (plan.shards() > trainingExamples) {
      problems.add(
          "training.shards is %d but there are only %d training examples; use at most %d shards"
              .formatted(plan.shards(), trainingExamples, trainingExamples));
    }
    if (workers > plan.shards()) {
      problems.add(
          "training.workers is %d but training.shards is %d, and every worker needs a shard"
              .formatted(workers, plan.shards()));
    }
  }

  /** Checks for what each gang publishes and {@code others} floats beside it. */
  private static void addDirectMemoryProblem(
      TrainingPlan plan,
      Network network,
      int gangs,
      long others,
      Limits limits,
      List<String> problems) {
    long needed = direct(plan, network, gangs, others);
    if (needed > limits.direct()) {
      problems.add(
          ("the run needs about %d MiB of direct memory but the JVM allows %d MiB; use smaller"
                  + " batches, or raise -XX:MaxDirectMemorySize or -Xmx")
              .formatted(needed / MEBIBYTE, limits.direct() / MEBIBYTE));
    }
  }

  private static long direct(TrainingPlan plan, Network network, int gangs, long others) {
    return gangs * Float.BYTES * (vector(plan, network) + others);
  }

  /** Floats of what is published, and of a contribution. */
  private static long vector(TrainingPlan plan, Network network) {
    return SeatShape.of(plan, network, 0, 1).vectorLength();
  }

  private static void throwIfAny(List<String> problems) {
    if (problems.size() == 1) {
      throw new ConfigurationException("the run would fail: " + problems.get(0));
    }
    if (!problems.isEmpty()) {
      throw new ConfigurationException(
          "the run would fail:\n  - " + String.join("\n  - ", problems));
    }
  }

  private static long directLimit() {
    long set =
        Long.parseLong(
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption("MaxDirectMemorySize")
                .getValue());
    return set > 0 ? set : Runtime.getRuntime().maxMemory();
  }
}
