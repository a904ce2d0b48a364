"""Writes the files beside it: small models in the forms in which Keras 2 and 3 save them, and
golden.json, what they predict by Keras' formulas in float64. Needs NumPy and h5py, not Keras.
Weights and inputs are drawn by a fixed seed; the files have no other source.

The layouts: Keras 3's saving_lib.py (config.json, layers/<class>[_n]/vars/<i>, the cell of a
recurrent layer below it) and Keras 2's hdf5_format.py (layer_names, weight_names, model_config).
"""

import io
import json
import zipfile

import h5py
import numpy as np

random = np.random.default_rng(7)


def draw(*shape):
    return (random.standard_normal(shape) * 0.5).astype(np.float32)


# ---------------------------------------------------------------- Keras' formulas, in float64

sigmoid = lambda x: 1 / (1 + np.exp(-x))
relu = lambda x: np.maximum(x, 0)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def pad_same(x, kernel, strides, value):
    pads = []
    for size, k, s in zip(x.shape[1:3], kernel, strides):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads.append((total // 2, total - total // 2))
    return np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=value)


def windows(x, kernel, strides):
    (kh, kw), (sh, sw) = kernel, strides
    rows = range(0, x.shape[1] - kh + 1, sh)
    columns = range(0, x.shape[2] - kw + 1, sw)
    return np.stack(
        [np.stack([x[:, r : r + kh, c : c + kw, :] for c in columns], 1) for r in rows], 1
    )


def convolution(x, kernel, bias, strides=(1, 1), same=False):
    if same:
        x = pad_same(x, kernel.shape[:2], strides, 0.0)
    return np.einsum("brcyxi,yxio->brco", windows(x, kernel.shape[:2], strides), kernel) + bias


def pooled(x, size, strides, statistic):
    return statistic(windows(x, size, strides), axis=(3, 4))


def normalized(x, gamma, beta, mean, variance, epsilon):
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


def lstm(x, kernel, recurrent, bias):
    units = recurrent.shape[0]
    h = c = np.zeros((x.shape[0], units))
    steps = []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        steps.append(h)
    return np.stack(steps, 1)


def simple_rnn(x, kernel, recurrent, bias):
    h = np.zeros((x.shape[0], recurrent.shape[0]))
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ kernel + h @ recurrent + bias)
    return h


# ---------------------------------------------------------------- what Keras writes of a layer

POLICY = {
    "module": "keras",
    "class_name": "DTypePolicy",
    "config": {"name": "float32"},
    "registered_name": None,
}
KERNEL = ["bias_regularizer", "kernel_constraint", "bias_constraint"]


def initializer(version, name, **config):
    if name in ("GlorotUniform", "Orthogonal"):
        config = {**config, "seed": None}
    plain = {"class_name": name, "config": config}
    if version == 2:
        return plain
    return {"module": "keras.initializers", **plain, "registered_name": None}


def regularizer(version, name, **config):
    plain = {"class_name": name, "config": config}
    if version == 2:
        return plain
    return {"module": "keras.regularizers", **plain, "registered_name": None}


def layer(version, kind, name, build=None, **config):
    full = {"name": name, "trainable": True, "dtype": "float32" if version == 2 else POLICY, **config}
    if version == 2:
        return {"class_name": kind, "config": full}
    written = {"module": "keras.layers", "class_name": kind, "config": full, "registered_name": None}
    if build:
        written["build_config"] = {"input_shape": build}
    return written


def input_layer(version, shape):
    if version == 2:
        config = {
            "batch_input_shape": [None, *shape],
            "dtype": "float32",
            "sparse": False,
            "ragged": False,
            "name": "input_1",
        }
        return {"class_name": "InputLayer", "config": config}
    config = {
        "batch_shape": [None, *shape],
        "dtype": "float32",
        "sparse": False,
        "ragged": False,
        "name": "input_layer",
    }
    return {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": config,
        "registered_name": None,
    }


def kernels(version):
    return {
        "use_bias": True,
        "kernel_initializer": initializer(version, "GlorotUniform"),
        "bias_initializer": initializer(version, "Zeros"),
        "kernel_regularizer": None,
        **dict.fromkeys(KERNEL),
        **({"activity_regularizer": None} if version == 2 else {}),
    }


def dense(version, name, units, activation, first=None, **more):
    config = {"units": units, "activation": activation, **kernels(version), **more}
    if first:
        config = {"batch_input_shape": [None, *first], **config}
    return layer(version, "Dense", name, **config)


def conv2d(version, name, filters, size, strides, padding, activation, **more):
    return layer(
        version,
        "Conv2D",
        name,
        filters=filters,
        kernel_size=size,
        strides=strides,
        padding=padding,
        data_format="channels_last",
        dilation_rate=[1, 1],
        groups=1,
        activation=activation,
        **{**kernels(version), **more},
    )


def pooling(version, kind, name, size, strides):
    return layer(
        version,
        kind,
        name,
        pool_size=size,
        padding="valid",
        strides=strides,
        data_format="channels_last",
    )


def normalization(version, name, axis):
    return layer(
        version,
        "BatchNormalization",
        name,
        axis=axis,
        momentum=0.99,
        epsilon=0.001,
        center=True,
        scale=True,
        beta_initializer=initializer(version, "Zeros"),
        gamma_initializer=initializer(version, "Ones"),
        moving_mean_initializer=initializer(version, "Zeros"),
        moving_variance_initializer=initializer(version, "Ones"),
        **dict.fromkeys(
            ["beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"]
        ),
        **({"synchronized": False} if version == 3 else {}),
    )


def flatten(version, name):
    return layer(version, "Flatten", name, data_format="channels_last")


def dropout(version, name, rate):
    return layer(version, "Dropout", name, rate=rate, noise_shape=None, seed=None)


def recurrent(version, kind, name, units, sequences, **more):
    return layer(
        version,
        kind,
        name,
        return_sequences=sequences,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        units=units,
        activation="tanh",
        use_bias=True,
        kernel_initializer=initializer(version, "GlorotUniform"),
        recurrent_initializer=initializer(version, "Orthogonal", gain=1.0),
        bias_initializer=initializer(version, "Zeros"),
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        **more,
    )


def model(version, layers, input_shape):
    if version == 2:
        return {
            "class_name": "Sequential",
            "config": {"name": "sequential", "layers": layers},
            "keras_version": "2.15.0",
            "backend": "tensorflow",
        }
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {
            "name": "sequential",
            "trainable": True,
            "dtype": POLICY,
            "layers": layers,
            "build_input_shape": [None, *input_shape],
        },
        "registered_name": None,
        "build_config": {"input_shape": [None, *input_shape]},
    }


# ---------------------------------------------------------------- the files

def hdf5(fill):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        fill(file)
    return content.getvalue()


def keras3_weights(groups):
    """groups: path of the holder of `vars` -> its arrays."""

    def fill(file):
        file.create_group("vars")
        for path, arrays in groups.items():
            holder = file.create_group("layers/" + path + "/vars")
            for i, array in enumerate(arrays):
                holder[str(i)] = array

    return hdf5(fill)


def keras2_weights(group, layers):
    """layers: name -> {weight name: array}."""
    group.attrs["layer_names"] = [name.encode() for name in layers]
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = b"2.15.0"
    for name, arrays in layers.items():
        own = group.create_group(name)
        names = [f"{name}/{each}:0".encode() for each in arrays]
        own.attrs["weight_names"] = names if names else np.zeros((0,))
        for path, array in zip(names, arrays.values()):
            own.create_dataset(path, data=array)


def archive(path, config, weights):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in {
            "metadata.json": json.dumps({"keras_version": "3.4.1", "date_saved": "2024-07-01@12:00:00"}),
            "config.json": json.dumps(config),
            "model.weights.h5": weights,
        }.items():
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)


def write(path, content):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else json.dumps(content).encode())


golden = {}


def keep(name, inputs, outputs):
    golden[name] = {"inputs": inputs.reshape(len(inputs), -1).tolist(), "outputs": outputs.tolist()}


# An image network, in every form.
cnn = {
    "conv2d": {"kernel": draw(2, 3, 2, 3), "bias": draw(3)},
    "batch_normalization": {
        "gamma": draw(3) + 1,
        "beta": draw(3),
        "moving_mean": draw(3),
        "moving_variance": np.abs(draw(3)) + np.float32(0.2),
    },
    "conv2d_1": {"kernel": draw(3, 3, 3, 4), "bias": draw(4)},
    "dense": {"kernel": draw(3 * 2 * 4, 5), "bias": draw(5)},
    "batch_normalization_1": {
        "gamma": draw(5) + 1,
        "beta": draw(5),
        "moving_mean": draw(5),
        "moving_variance": np.abs(draw(5)) + np.float32(0.2),
    },
    "dense_1": {"kernel": draw(5, 3), "bias": draw(3)},
}
images = random.random((4, 8, 11, 2)).astype(np.float32)
x = convolution(images.astype(float), **cnn["conv2d"], strides=(1, 1))
x = relu(x)
x = normalized(x, *cnn["batch_normalization"].values(), 0.001)
x = pooled(x, (2, 2), (1, 1), np.max)
x = convolution(x, **cnn["conv2d_1"], strides=(2, 2), same=True)
x = np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
x = pooled(x, (1, 2), (1, 2), np.mean)
x = np.tanh(x.reshape(len(x), -1) @ cnn["dense"]["kernel"] + cnn["dense"]["bias"])
x = normalized(x, *cnn["batch_normalization_1"].values(), 0.001)
keep("cnn", images, softmax(x @ cnn["dense_1"]["kernel"] + cnn["dense_1"]["bias"]))


def cnn_layers(version, axis):
    return [
        input_layer(version, [8, 11, 2]),
        conv2d(version, "conv2d", 3, [2, 3], [1, 1], "valid", "relu"),
        normalization(version, "batch_normalization", axis[0]),
        pooling(version, "MaxPooling2D", "max_pooling2d", [2, 2], [1, 1]),
        conv2d(
            version, "conv2d_1", 4, [3, 3], [2, 2], "same", "elu",
            kernel_regularizer=regularizer(version, "L2", l2=0.001),
        ),
        pooling(version, "AveragePooling2D", "average_pooling2d", [1, 2], [1, 2]),
        flatten(version, "flatten"),
        dropout(version, "dropout", 0.25),
        dense(version, "dense", 5, "tanh"),
        normalization(version, "batch_normalization_1", axis[1]),
        dense(version, "dense_1", 3, "softmax"),
    ]


keras3 = model(3, cnn_layers(3, [-1, -1]), [8, 11, 2])
weights = keras3_weights(
    {
        **{name: list(arrays.values()) for name, arrays in cnn.items()},
        "dropout/seed_generator": [np.array([0, 1], np.uint32)],
        "dropout": [],
        "flatten": [],
        "max_pooling2d": [],
        "average_pooling2d": [],
    }
)
write("cnn-keras3.json", keras3)
write("cnn.weights.h5", weights)
archive("cnn.keras", keras3, weights)

keras2 = model(2, cnn_layers(2, [[3], [1]]), [8, 11, 2])
named = {
    each["config"]["name"]: cnn.get(each["config"]["name"], {})
    for each in keras2["config"]["layers"][1:]
}


def whole(file):
    file.attrs["keras_version"] = b"2.15.0"
    file.attrs["backend"] = b"tensorflow"
    file.attrs["model_config"] = json.dumps(keras2).encode()
    keras2_weights(file.create_group("model_weights"), named)


write("cnn-keras2.json", keras2)
write("cnn-keras2.h5", hdf5(whole))
write("cnn-keras2.weights.h5", hdf5(lambda file: keras2_weights(file, named)))

# Recurrent layers, in Keras 3's form.
rnn = {
    "lstm": [draw(4, 12), draw(3, 12), draw(12)],
    "simple_rnn": [draw(3, 5), draw(5, 5), draw(5)],
    "dense": [draw(5, 1), draw(1)],
}
rows = random.random((4, 6, 4)).astype(np.float32)
x = simple_rnn(lstm(rows.astype(float), *rnn["lstm"]), *rnn["simple_rnn"])
keep("rnn", rows, sigmoid(x @ rnn["dense"][0] + rnn["dense"][1]))
archive(
    "rnn.keras",
    model(
        3,
        [
            input_layer(3, [6, 4]),
            recurrent(
                3, "LSTM", "lstm", 3, True,
                recurrent_activation="sigmoid", unit_forget_bias=True, implementation=2,
            ),
            recurrent(3, "SimpleRNN", "simple_rnn", 5, False),
            dense(3, "dense", 1, "sigmoid"),
        ],
        [6, 4],
    ),
    keras3_weights(
        {
            "lstm/cell": rnn["lstm"],
            "simple_rnn/cell": rnn["simple_rnn"],
            "lstm": [],
            "simple_rnn": [],
            "dense": rnn["dense"],
        }
    ),
)

# Keras 2's oldest manner: the shape in the first dense layer, activations as layers.
mlp = {
    "dense": {"kernel": draw(12, 5), "bias": draw(5)},
    "dense_1": {"kernel": draw(5, 4)},
    "dense_2": {"kernel": draw(4, 3), "bias": draw(3)},
}
vectors = random.random((4, 12)).astype(np.float32)
x = vectors.astype(float) @ mlp["dense"]["kernel"] + mlp["dense"]["bias"]
x = np.where(x > 0, x, 0.2 * x)
x = relu(x @ mlp["dense_1"]["kernel"])
keep("mlp", vectors, softmax(x @ mlp["dense_2"]["kernel"] + mlp["dense_2"]["bias"]))
layers = [
    dense(2, "dense", 5, "linear", first=[12]),
    layer(2, "LeakyReLU", "leaky_re_lu", alpha=0.20000000298023224),
    dense(2, "dense_1", 4, "linear", use_bias=False),
    layer(2, "ReLU", "re_lu", max_value=None, negative_slope=0.0, threshold=0.0),
    dense(2, "dense_2", 3, "linear"),
    layer(2, "Softmax", "softmax", axis=-1),
]
write("mlp-keras2.json", model(2, layers, [12]))
write(
    "mlp-keras2.weights.h5",
    hdf5(
        lambda file: keras2_weights(
            file, {each["config"]["name"]: mlp.get(each["config"]["name"], {}) for each in layers}
        )
    ),
)
write("golden.json", golden)
