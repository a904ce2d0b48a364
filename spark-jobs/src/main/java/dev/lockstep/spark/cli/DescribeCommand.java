package dev.lockstep.spark.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.config.NetworkChoice;
import dev.lockstep.data.Dataset;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkLayer;
import dev.lockstep.network.Segment;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lockstep describe}. */
@Command(
    name = "describe",
    header = "Prints the layers of a network, their shapes and how many parameters they have.",
    description = {""},
    footer = {
      "",
      "Examples:",
      "  lockstep describe --config conf/mnist-mlp.yaml",
      "  lockstep describe --network lenet",
      "  lockstep describe --network my-network.yaml --input 32x32x3 --classes 100"
    })
final class DescribeCommand implements Runnable {
  @Spec private CommandSpec spec;

  @ArgGroup(multiplicity = "0..1", exclusive = false)
  private What what = new What();

  /** One of the two is given. */
  private static final class What {
    @ArgGroup(exclusive = false)
    private Configured configured;

    @ArgGroup(exclusive = false)
    private Named named;
  }

  /** The network of a configuration, on its data. */
  private static final class Configured {
    @Option(
        names = "--config",
        required = true,
        paramLabel = "FILE",
        description = "The configuration whose network, on its data, is described.")
    private String config;

    @Option(
        names = "--set",
        paramLabel = "KEY=VALUE",
        description = "Puts a value over the file's; may be repeated.")
    private List<String> overrides = new ArrayList<>();
  }

  /** A network alone. */
  private static final class Named {
    @Option(
        names = "--network",
        required = true,
        paramLabel = "NETWORK",
        description = "mlp-512, lenet, lstm-rows, a .yaml, or a .json of Keras or DL4J.")
    private String network;

    @Option(
        names = "--input",
        paramLabel = "HEIGHTxWIDTH[xCHANNELS]",
        defaultValue = "28x28",
        description = "The shape of an image. Default: ${DEFAULT-VALUE}.")
    private String input;

    @Option(
        names = "--classes",
        paramLabel = "N",
        defaultValue = "10",
        description = "How many classes there are. Default: ${DEFAULT-VALUE}.")
    private int classes;
  }

  @Override
  public void run() {
    if ((what.configured == null) == (what.named == null)) {
      throw new ParameterException(
          spec.commandLine(), "what? give either --config FILE or --network NETWORK");
    }
    Preflight.requireNativeLibraries();
    if (what.configured != null) {
      Configuration configuration =
          ConfigurationFile.read(what.configured.config, what.configured.overrides);
      Dataset dataset = DatasetSource.of(configuration).load();
      print(configuration.network(dataset.shape(), dataset.classes()), configuration.engine());
    } else {
      Named named = what.named;
      NetworkChoice network = network(named.network);
      print(
          network.build(ImageShape.read("--input", named.input), classes(named.classes)),
          EngineChoice.AUTO);
    }
  }

  private static int classes(int classes) {
    if (classes < 1) {
      throw new ConfigurationException(
          "--classes is '%d' but must be a whole number of at least 1".formatted(classes));
    }
    return classes;
  }

  private static NetworkChoice network(String written) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode().put("network", written);
    return NetworkChoice.read(Section.of("--network", tree), written);
  }

  private void print(Network network, EngineChoice engine) {
    SelectedEngine selected = SelectedEngine.of(engine, network);
    PrintWriter out = spec.commandLine().getOut();
    out.printf("network %s%n", network.name());
    out.printf("input   %s, %d classes%n", network.input(), network.classes());
    out.printf("loss    %s%n", network.loss().word());
    out.printf("engine  %s%s%n%n", selected.name(), reason(engine, selected));
    table(network).forEach(out::println);
    int total = network.layout().length();
    int statistics =
        network.layout().segments().stream()
            .filter(Segment::statistic)
            .mapToInt(Segment::length)
            .sum();
    out.printf(Locale.ROOT, "%nparameters    %,d (%s)%n", total, bytes(total));
    out.printf(Locale.ROOT, "trainable     %,d%n", total - statistics);
    out.printf(Locale.ROOT, "not trainable %,d%n", statistics);
  }

  private static String reason(EngineChoice choice, SelectedEngine selected) {
    return choice == EngineChoice.AUTO
        ? selected.notFused().map(layer -> " (fused does not know " + layer + ")").orElse("")
        : " (as configured)";
  }

  private static String bytes(int parameters) {
    double bytes = (double) parameters * Float.BYTES;
    return bytes < 1e6
        ? String.format(Locale.ROOT, "%.1f KB", bytes / 1e3)
        : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  private static List<String> table(Network network) {
    List<String[]> rows = new ArrayList<>();
    rows.add(new String[] {"#", "layer", "output", "parameters", "settings"});
    for (NetworkLayer layer : network.layers()) {
      rows.add(
          new String[] {
            Integer.toString(layer.number()),
            layer.kind(),
            layer.output().toString(),
            String.format(Locale.ROOT, "%,d", layer.parameters()),
            layer.description()
          });
    }
    int[] widths = new int[rows.get(0).length];
    for (String[] row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row[i].length());
      }
    }
    String format =
        "%%%ds  %%-%ds  %%-%ds  %%%ds  %%s".formatted(widths[0], widths[1], widths[2], widths[3]);
    return rows.stream().map(row -> format.formatted((Object[]) row).stripTrailing()).toList();
  }
}
