//! A face stays covered while the light on it changes: flashes of photographers, a strobe,
//! lightning, the headlights of a car, the light of an ambulance. Each is put on the same clip, in
//! which the face is panned.

use super::{has_ffmpeg, tool};
use crate::sandbox::{ASTRONAUT, Sandbox, sample};

/// Filters by what they show. Each light lasts for more frames than a flash of one or two.
const LIGHTS: [(&str, &str); 6] = [
    (
        "flashes",
        "eq=brightness='if(lt(mod(n\\,13)\\,3)\\,0.55\\,0)':eval=frame",
    ),
    (
        "whiteouts",
        "eq=brightness='if(lt(mod(n\\,16)\\,5)\\,1\\,0)':eval=frame",
    ),
    (
        "strobe",
        "eq=brightness='if(mod(floor(n/3)\\,2)\\,-0.6\\,0)':eval=frame",
    ),
    (
        "lightning",
        "eq=gamma='if(lt(mod(n\\,14)\\,4)\\,4\\,0.35)':eval=frame",
    ),
    (
        "siren",
        "geq=lum='if(mod(floor(N/5)\\,2)\\,16+lum(X\\,Y)*0.06\\,lum(X\\,Y))':\
         cb='if(mod(floor(N/5)\\,2)\\,150\\,cb(X\\,Y))':cr='if(mod(floor(N/5)\\,2)\\,120\\,cr(X\\,Y))'",
    ),
    (
        "headlights",
        "geq=lum='clip(lum(X\\,Y)*0.5+if(lt(mod(N\\,12)\\,5)\\,\
         260*exp(-((X-60)*(X-60)+(Y-150)*(Y-150))/9000)\\,0)\\,16\\,235)':cb='cb(X\\,Y)':cr='cr(X\\,Y)'",
    ),
];

#[test]
fn a_face_stays_covered_while_its_light_changes() {
    if !has_ffmpeg() {
        return;
    }
    let dir = Sandbox::new();
    std::fs::create_dir(dir.path("in")).unwrap();
    let photo = sample(ASTRONAUT);
    for (name, light) in LIGHTS {
        let filters = format!("crop=320:240:60+30*t:20,{light},format=yuv420p");
        let file = format!("in/{name}.mp4");
        let args = ["-y", "-loop", "1", "-framerate", "25", "-t", "2.4", "-i"];
        let mut all: Vec<&str> = args.to_vec();
        all.extend([photo.to_str().unwrap(), "-vf", &filters]);
        all.extend(["-c:v", "libx264", "-preset", "fast", &file]);
        tool(&dir, "ffmpeg", &all);
    }
    let ran = dir.run(&["detect", "in"]).exits(0);
    let lines = ran.lines();
    for (name, _) in LIGHTS {
        let file = format!("{name}.mp4");
        let line = lines
            .iter()
            .find(|l| l["input"].as_str().is_some_and(|i| i.ends_with(&file)));
        let line = line.unwrap();
        let regions = line["regions"].as_array().unwrap();
        for frame in 0..line["frames"].as_u64().unwrap() {
            let is_covered = regions.iter().any(|region| {
                let [first, last] = [0, 1].map(|i| region["frames"][i].as_u64().unwrap());
                (first..=last).contains(&frame)
            });
            assert!(is_covered, "{name}: frame {frame} is open");
        }
    }
}
