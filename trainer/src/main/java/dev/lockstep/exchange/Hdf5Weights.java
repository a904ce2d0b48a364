package dev.lockstep.exchange;

import dev.lockstep.yaml.ConfigurationException;
import io.jhdf.HdfFile;
import io.jhdf.api.Attribute;
import io.jhdf.api.Group;
import io.jhdf.api.Node;
import io.jhdf.api.dataset.ContiguousDataset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * An HDF5 file in which Keras keeps weights, in memory. Three forms are known: those of {@code
 * model.save("x.h5")} and {@code save_weights("x.h5")}, which name the layers ({@code layer_names})
 * and the arrays of each ({@code weight_names}); and that of Keras 3 and of {@code .keras} files,
 * where the arrays of the second dense layer are {@code layers/dense_1/vars/0} and so on, and those
 * of a recurrent layer are its cell's. Links to other files are not followed, and an array is read
 * only if its shape is the expected one. Belongs to one thread.
 */
final class Hdf5Weights {
  /** The first bytes of every such file. */
  private static final byte[] SIGNATURE = {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1A, '\n'};

  /** No attribute of Keras' is longer, in bytes. */
  private static final long LONGEST_ATTRIBUTE = 16L << 20;

  private final String where;
  private final HdfFile file;

  /** The weights of the layers that have any, in their order. */
  interface Layers {
    /**
     * One array, row by row.
     *
     * @param layer which of the layers, from 0
     * @param index which of its arrays, from 0
     * @param names of all the arrays of the layer, as the network has them
     * @throws ConfigurationException if it is not there or has another shape
     */
    float[] read(int layer, int index, List<String> names, long[] shape);
  }

  /**
   * The file with this {@code content}.
   *
   * @param where what errors call it
   * @throws ConfigurationException if it is no HDF5 file, or damaged
   */
  Hdf5Weights(String where, byte[] content) {
    this.where = where;
    this.file = guarded(() -> HdfFile.fromBytes(content));
  }

  /** Whether {@code content} is an HDF5 file. */
  static boolean is(byte[] content) {
    return content.length >= SIGNATURE.length
        && Arrays.equals(content, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
  }

  /** The JSON of the model, if the file has it. */
  Optional<String> model() {
    return guarded(
        () -> {
          Attribute attribute = file.getAttributes().get("model_config");
          if (attribute == null) {
            return Optional.empty();
          }
          requireShort(attribute);
          return Optional.of(text(attribute.getData()));
        });
  }

  /**
   * The layers that have weights.
   *
   * @param kinds of those that the network has, such as {@code dense}
   * @throws ConfigurationException if the file has others, or none at all
   */
  Layers layers(List<String> kinds) {
    return guarded(
        () -> {
          Layers found = find(kinds);
          return (layer, index, names, shape) ->
              guarded(() -> found.read(layer, index, names, shape));
        });
  }

  private Layers find(List<String> kinds) {
    Group top = child(file, "model_weights").isPresent() ? group(file, "model_weights") : file;
    if (!names(top, "layer_names").isEmpty()) {
      return named(top, kinds);
    }
    // The second is what Keras 2.12 and 2.13 called it.
    for (String name : List.of("layers", "_layer_checkpoint_dependencies")) {
      if (child(top, name).isPresent()) {
        return numbered(group(top, name), kinds);
      }
    }
    throw wrong(
        "it has neither 'layers' nor 'layer_names'; expected what Keras' save or save_weights wrote");
  }

  /** Keras 2's form. Layers without weights stand there too, with no names. */
  private Layers named(Group top, List<String> kinds) {
    List<String> layers = new ArrayList<>();
    List<List<String>> arrays = new ArrayList<>();
    for (String layer : names(top, "layer_names")) {
      List<String> weights = names(group(top, layer), "weight_names");
      if (!weights.isEmpty()) {
        layers.add(layer);
        arrays.add(weights);
      }
    }
    requireCount(layers.size(), kinds);
    return (layer, index, names, shape) -> {
      List<String> weights = arrays.get(layer);
      String place = "layer '%s'".formatted(layers.get(layer));
      if (weights.size() != names.size()) {
        throw wrong(
            "%s has the weights %s but must have %s"
                .formatted(place, weights, names.stream().map(Hdf5Weights::last).toList()));
      }
      String path = weights.get(index);
      if (!last(path).replaceFirst(":\\d+$", "").equals(last(names.get(index)))) {
        throw wrong(
            "%s has the weight '%s' where %s must be"
                .formatted(place, path, last(names.get(index))));
      }
      return array(group(top, layers.get(layer)), path, shape);
    };
  }

  /** Keras 3's form. Layers are counted by their kinds. */
  private Layers numbered(Group top, List<String> kinds) {
    Map<String, Integer> counts = new HashMap<>();
    List<String> layers = new ArrayList<>();
    for (String kind : kinds) {
      int before = counts.merge(kind, 1, Integer::sum) - 1;
      layers.add(before == 0 ? kind : kind + "_" + before);
    }
    counts.forEach(
        (kind, count) -> {
          if (child(top, kind + "_" + count).isPresent()) {
            throw wrong(
                "it has %s_%d but the network has %d such layer%s"
                    .formatted(kind, count, count, count == 1 ? "" : "s"));
          }
        });
    return (layer, index, names, shape) -> {
      String kind = kinds.get(layer);
      boolean cell = kind.equals("lstm") || kind.equals("simple_rnn");
      Group holder = group(top, layers.get(layer));
      Group variables = group(cell ? group(holder, "cell") : holder, "vars");
      if (child(variables, Integer.toString(names.size())).isPresent()) {
        throw wrong(
            "%s has more weights than %s"
                .formatted(variables.getPath(), names.stream().map(Hdf5Weights::last).toList()));
      }
      return array(variables, Integer.toString(index), shape);
    };
  }

  private void requireCount(int found, List<String> kinds) {
    if (found != kinds.size()) {
      throw wrong(
          "it has weights of %d layers but the network has %d layers with weights: %s"
              .formatted(found, kinds.size(), String.join(", ", kinds)));
    }
  }

  private static String last(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private float[] array(Group group, String path, long[] shape) {
    Group holder = group;
    String[] parts = path.split("/");
    for (int i = 0; i < parts.length - 1; i++) {
      holder = group(holder, parts[i]);
    }
    String name = parts[parts.length - 1];
    Node node =
        child(holder, name).orElseThrow(() -> wrong(group.getPath() + path + " is missing"));
    if (!(node instanceof ContiguousDataset array) || array.getJavaType() != float.class) {
      throw wrong("%s must be an array of float32, stored in one piece".formatted(node.getPath()));
    }
    long[] found = Arrays.stream(array.getDimensions()).asLongStream().toArray();
    if (!Arrays.equals(found, shape)) {
      throw wrong(
          "%s has the shape %s but must have %s"
              .formatted(node.getPath(), Arrays.toString(found), Arrays.toString(shape)));
    }
    return (float[]) array.getDataFlat();
  }

  private Group group(Group parent, String name) {
    Node node =
        child(parent, name).orElseThrow(() -> wrong(parent.getPath() + name + " is missing"));
    if (node instanceof Group group) {
      return group;
    }
    throw wrong(node.getPath() + " must be a group");
  }

  private Optional<Node> child(Group parent, String name) {
    Node node = parent.getChildren().get(name);
    if (node != null && node.isLink()) {
      throw wrong(node.getPath() + " is a link, and links are not followed");
    }
    return Optional.ofNullable(node);
  }

  /** A list of names, which Keras cuts into {@code names0}, {@code names1} if it is long. */
  private List<String> names(Group group, String key) {
    Map<String, Attribute> attributes = group.getAttributes();
    if (attributes.containsKey(key)) {
      return texts(attributes.get(key));
    }
    List<String> names = new ArrayList<>();
    for (int i = 0; attributes.containsKey(key + i); i++) {
      names.addAll(texts(attributes.get(key + i)));
    }
    return names;
  }

  private List<String> texts(Attribute attribute) {
    requireShort(attribute);
    if (attribute.isEmpty() || attribute.getSize() == 0) {
      return List.of();
    }
    Object data = attribute.getData();
    if (data instanceof Object[] elements) {
      return Arrays.stream(elements).map(this::text).toList();
    }
    return List.of(text(data));
  }

  private String text(Object data) {
    if (data instanceof String text) {
      return text;
    }
    throw wrong("an attribute that must be text is not");
  }

  private void requireShort(Attribute attribute) {
    if (attribute.getSizeInBytes() < 0 || attribute.getSizeInBytes() > LONGEST_ATTRIBUTE) {
      throw wrong(
          "the attribute '%s' has more than %d bytes"
              .formatted(attribute.getName(), LONGEST_ATTRIBUTE));
    }
  }

  private ConfigurationException wrong(String what) {
    return new ConfigurationException(where + ": " + what);
  }

  /** A damaged file shows itself in many ways, deep in the library. */
  private <T> T guarded(Supplier<T> reading) {
    try {
      return reading.get();
    } catch (ConfigurationException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError e) {
      throw new ConfigurationException(
          "%s: cannot be read as HDF5; it is damaged, or no file of Keras'".formatted(where), e);
    }
  }
}
