# The app and the nodes of a Ray cluster in one image, so that they have the same versions.
# In the repository: docker build -f deploy/ray.Dockerfile -t digitcanvas-ray .
FROM python:3.13-slim

# KubeRay asks by wget whether a node is well
RUN apt-get update && apt-get install -y --no-install-recommends wget && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 visitor
COPY pyproject.toml README.md LICENSE streamlit_app.py /source/
COPY .streamlit /source/.streamlit
COPY models/cnn /source/models/cnn
COPY models/mlp /source/models/mlp
COPY digitcanvas /source/digitcanvas
RUN pip install --no-cache-dir "/source[train,ray,postgresql]"

USER visitor
WORKDIR /home/visitor
RUN mkdir models
ENV DIGITCANVAS_HOME=/home/visitor/models
VOLUME /home/visitor/models
EXPOSE 7860
CMD ["digitcanvas", "run", "--headless", "--address", "0.0.0.0", "--port", "7860"]
