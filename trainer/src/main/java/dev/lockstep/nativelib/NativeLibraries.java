package dev.lockstep.nativelib;

import com.sun.jna.Function;
import com.sun.jna.Platform;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads OpenBLAS and ND4J as training needs them: with the kernels that suit the processor, and
 * with one thread each, whatever the environment says, for the parallelism is the workers'.
 *
 * <p>OpenBLAS picks its kernels while it is loaded. The build that ND4J brings is older than many
 * processors and then takes kernels for none in particular, a quarter as fast; so on Linux on
 * x86-64 the environment variable {@code OPENBLAS_CORETYPE} is set first, by what {@code
 * /proc/cpuinfo} says the processor can do. The system property {@value #CORE} names other kernels,
 * or keeps the environment's with {@value #ENVIRONMENT}.
 *
 * <p>Safe for use by many threads.
 */
public final class NativeLibraries {
  /** System property with the name of OpenBLAS' kernels, such as Haswell. */
  public static final String CORE = "lockstep.openblas.core";

  /** Value of {@link #CORE} that leaves the environment as it is. */
  public static final String ENVIRONMENT = "environment";

  private static final Logger LOG = LoggerFactory.getLogger(NativeLibraries.class);
  private static final String VARIABLE = "OPENBLAS_CORETYPE";
  private static final Path PROCESSOR = Path.of("/proc/cpuinfo");

  private static boolean loaded;

  private NativeLibraries() {}

  /**
   * Loads the libraries unless they are, and gives them one thread: in the whole process, and in
   * OpenMP's settings of the calling thread. To be called before ND4J is first used, and again in
   * every thread that computes.
   *
   * @throws LinkageError if they cannot be loaded on this machine
   * @throws ConfigurationException if {@link #CORE} names kernels that OpenBLAS does not have for
   *     this processor, in whose place it would silently take others
   */
  public static void load() {
    loadOnce();
    NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(1);
  }

  private static synchronized void loadOnce() {
    if (loaded) {
      return;
    }
    chosenCore().ifPresentOrElse(NativeLibraries::choose, () -> LOG.debug("OpenBLAS: own choice"));
    Nd4j.getEnvironment().setMaxThreads(1);
    Nd4j.getEnvironment().setMaxMasterThreads(1);
    openblas.blas_set_num_threads(1);
    requireNamedCore();
    loaded = true;
  }

  private static void requireNamedCore() {
    String named = System.getProperty(CORE, ENVIRONMENT);
    if (named.equals(ENVIRONMENT) || !Platform.isLinux()) {
      return;
    }
    String taken = takenCore();
    if (!taken.equalsIgnoreCase(named)) {
      throw new ConfigurationException(
          "-D%s is '%s' but OpenBLAS has no such kernels, or this processor cannot run them; it would take those of %s; name one that all processors can run, such as Haswell, Zen or SkylakeX"
              .formatted(CORE, named, taken));
    }
  }

  /** The kernels that OpenBLAS has taken, by its own name for them. */
  static String takenCore() {
    Path library = Path.of(Loader.load(openblas.class)).resolveSibling("libopenblas.so.0");
    return Function.getFunction(library.toString(), "openblas_get_corename")
        .invokeString(new Object[0], false);
  }

  private static void choose(String core) {
    try {
      Object[] arguments = {VARIABLE, core, 1};
      int failed = Function.getFunction(Platform.C_LIBRARY_NAME, "setenv").invokeInt(arguments);
      LOG.debug("OpenBLAS: {}={}{}", VARIABLE, core, failed == 0 ? "" : " could not be set");
    } catch (LinkageError e) {
      LOG.warn(
          "OpenBLAS may compute slowly: {} cannot be set to {}: {}", VARIABLE, core, e.toString());
    }
  }

  private static Optional<String> chosenCore() {
    String named = System.getProperty(CORE);
    if (named != null) {
      return Optional.of(named).filter(core -> !core.equals(ENVIRONMENT));
    }
    if (!Platform.isLinux() || !Platform.isIntel() || !Platform.is64Bit()) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(PROCESSOR)) {
      return core(lines);
    } catch (IOException e) {
      LOG.warn("OpenBLAS may compute slowly: {} cannot be read: {}", PROCESSOR, e.toString());
      return Optional.empty();
    }
  }

  /**
   * The kernels for a processor, if there are better ones than OpenBLAS may choose itself.
   *
   * @param lines of Linux' description of an x86-64 processor
   */
  static Optional<String> core(Stream<String> lines) {
    Set<String> flags =
        lines
            .filter(line -> line.startsWith("flags"))
            .findFirst()
            .map(line -> Set.copyOf(Arrays.asList(line.split("\\s+"))))
            .orElse(Set.of());
    if (flags.containsAll(Set.of("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"))) {
      return Optional.of("SkylakeX");
    }
    return flags.containsAll(Set.of("avx2", "fma")) ? Optional.of("Haswell") : Optional.empty();
  }
}
