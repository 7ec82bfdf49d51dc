//! The Python module `faceveil._faceveil`: the library for Python, behind classes that hold nothing
//! but what the library gives. Work runs without Python's global lock.

mod anonymizer;
mod buffer;
mod check;
mod errors;
mod live;
mod options;
mod results;
mod source;

use pyo3::prelude::*;
use pyo3::types::PyDict;

#[pymodule]
fn _faceveil(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let options = PyDict::new(module.py());
    for (name, value) in options::all() {
        options.set_item(name, value)?;
    }
    module.add("OPTIONS", options)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<anonymizer::Anonymizer>()?;
    module.add_class::<live::Live>()?;
    module.add_class::<live::LiveFrame>()?;
    module.add_class::<results::Face>()?;
    module.add_class::<results::PhotoResult>()?;
    module.add_class::<results::VideoResult>()?;
    module.add_function(wrap_pyfunction!(check::_is_video, module)?)?;
    module.add_function(wrap_pyfunction!(check::inspect, module)?)?;
    module.add_function(wrap_pyfunction!(check::verify, module)?)
}
